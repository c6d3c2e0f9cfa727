import { startFauxqs } from 'fauxqs';
import type { Left, SurvivorRequest } from './survivor.ts';

/*
 * The process that outlives every fault: an SQS, in a process of its own as AWS would be. When the campaign itself
 * is killed, it ends what the campaign has started; otherwise servers would be left behind.
 */
const guarded = new Set<number>();
const server = await startFauxqs({ port: 0, logger: false });

process.on('message', ({ id, ...request }: SurvivorRequest & { id: number }) => {
  process.send?.({ id, answer: answer(request) });
});
process.on('disconnect', () => {
  for (const pid of guarded) endProcess(pid);
  process.exit(0);
});
process.send?.({ id: 0, answer: server.address });

function answer(request: SurvivorRequest): unknown {
  switch (request.do) {
    case 'open':
      return server.createQueue(request.queue).queueUrl;
    case 'left':
      return left(request.queue);
    case 'close':
      return server.deleteQueue(request.queue);
    case 'guard':
      return guarded.add(request.pid).size;
    case 'release':
      return guarded.delete(request.pid);
  }
}

function left(queue: string): Left {
  const messages = server.inspectQueue(queue)?.messages;
  return {
    visible: (messages?.ready.length ?? 0) + (messages?.delayed.length ?? 0),
    hidden: messages?.inflight.length ?? 0,
  };
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

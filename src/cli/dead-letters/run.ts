import { randomUUID } from 'node:crypto';
import { NoTrace } from '../../audit/auditLog.ts';
import { type DeadLetters, deadLetters } from '../../bridge/sqs/deadLetters.ts';
import { letterStatus, redriveAnswer } from '../../desk/deadLetters/letterAnswers.ts';
import { peek } from '../../desk/deadLetters/peek.ts';
import { beginRedrive, cancelRedrive, driveRedrive, readRedrive } from '../../desk/deadLetters/redrive.ts';
import { Refused } from '../../desk/refused.ts';
import type { RunParts } from '../../desk/runs/runs.ts';
import { isOfSqs } from '../../queue/letterQueue.ts';
import { partsOf } from '../failed/run.ts';
import { commandAuthor } from '../kit/author.ts';
import { helpOf } from '../kit/commandLine.ts';
import { follow } from '../kit/follow.ts';
import { columns, money, whole } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withRedis } from '../kit/withRedis.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

/** The dead-letters command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withRedis(around, async (open, config) => {
    const queue = deadLetters(config.sqs);
    try {
      return await perform(await partsOf(open, config), queue, wanted, around);
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof NoTrace) && !isOfSqs(error)) throw error;
      complain(error.message, around);
      return EXIT.no;
    } finally {
      queue.close();
    }
  });
}

async function perform(
  parts: RunParts,
  queue: DeadLetters,
  { do: what, because, rate, limit, json }: Wanted,
  around: Surroundings,
): Promise<number> {
  const tell = (answer: unknown, text: string) =>
    around.stdout.write(json ? `${JSON.stringify(answer)}\n` : `${text}\n`);
  if (what === 'list') {
    const status = await letterStatus(parts, queue);
    const seen = { ...status, ...(await peek(queue, parts, limit)) };
    tell(seen, listText(seen));
    return EXIT.done;
  }
  const who = commandAuthor();
  if (what === 'cancel') {
    const redrive = redriveAnswer(await cancelRedrive({ ...parts, queue }, who));
    tell(redrive, redriveText(redrive));
    return EXIT.done;
  }
  const begun = await beginRedrive({ ...parts, queue }, who, { because, rate });
  const me = randomUUID();
  await follow(
    {
      what: 'messages',
      total: begun.total,
      done: async () => (await readRedrive(parts.redis))?.moved ?? 0,
      isRunning: async () => (await readRedrive(parts.redis))?.state === 'running',
      drive: (signal) => driveRedrive({ ...parts, queue }, me, signal),
    },
    around,
  );
  const redrive = redriveAnswer((await readRedrive(parts.redis)) ?? begun);
  tell(redrive, redriveText(redrive));
  return redrive.state === 'done' ? EXIT.done : EXIT.no;
}

type Seen = Awaited<ReturnType<typeof letterStatus>> & Awaited<ReturnType<typeof peek>>;

function listText({
  queue,
  looked_at,
  whole: isAll,
  most_deliveries,
  of_other_inboxes,
  groups,
}: Seen): string {
  if (looked_at === 0) return `Nothing lies in ${queue}`;
  const rows = groups.map((each) => [
    each.reason,
    each.path,
    each.shape,
    whole(each.orders),
    whole(each.users),
    money(Math.round(each.money * 100)),
    `${each.first_seen.slice(0, 16)}Z`,
    `${each.last_seen.slice(0, 16)}Z`,
  ]);
  const head = ['reason', 'at', 'looks like', 'orders', 'users', 'money', 'first sent', 'last sent'];
  const others = of_other_inboxes > 0 ? `, ${whole(of_other_inboxes)} of other inboxes` : '';
  return (
    `${columns([head, ...rows], [3, 4, 5])}\n\n${whole(looked_at)} messages of ${queue} were looked at` +
    `${isAll ? '' : ', there are more'}${others}; received up to ${whole(most_deliveries)} times, this look included`
  );
}

const redriveText = ({ state, how, moved, total, why }: ReturnType<typeof redriveAnswer>): string =>
  `The redrive is ${state}${why ? ` (${why})` : ''}: ${whole(moved)} of about ${whole(total)} messages ` +
  `${how === 'move' ? 'moved by SQS' : 'copied and deleted'}`;

import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startTcpProxy, type TcpProxy } from '../../test/support/tcpProxy.ts';
import { freePort } from '../support/freePort.ts';
import { startRedisServer } from './redisServer.ts';
import type { CutPlace } from './schedule.ts';
import type { Store, StoreOptions } from './store.ts';

/** What a command is told by on its way to Redis. */
const MARKS: Record<Exclude<CutPlace, 'anywhere'>, string> = {
  'inside a bulk': '"receiveCount"',
  'inside a record': ':ledger',
  'inside a completion': 'returnvalue',
  'inside a repair batch': '"changed":',
};

/** One Redis, and a wire of its own to it for each process. */
export async function startSingleStore(
  { processes, folder, onFault }: StoreOptions,
  guard: (child: ChildProcess) => void,
): Promise<Store> {
  const redis = await startRedisServer(await freePort(), join(folder, 'redis'), guard);
  const wires: TcpProxy[] = [];
  for (let i = 0; i < processes; i += 1) wires.push(await startTcpProxy(redis.port));
  const wireOf = (process: number) => wires[process] as TcpProxy;

  return {
    environment: (process) => ({ REDIS_URL: `redis://127.0.0.1:${wireOf(process).port}` }),
    connect: () => new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: null }),
    async crash(ms) {
      onFault('Redis killed');
      await redis.crash(ms);
    },
    async freeze(ms) {
      onFault('Redis frozen');
      await redis.freeze(ms);
    },
    cut: (process, where, share) => cut(wireOf(process), where, share, onFault),
    // The schedule waits for each of its faults.
    calm: async () => {},
    async stop() {
      for (const wire of wires) await wire.stop();
      await redis.stop();
    },
  };
}

async function cut(
  wire: TcpProxy,
  where: CutPlace,
  share: number,
  onFault: (kind: string) => void,
): Promise<void> {
  if (where === 'anywhere') {
    onFault('connections cut: anywhere');
    await wire.refuse();
    return wire.accept();
  }
  const mark = MARKS[where];
  const inside = wire.cutInside((chunk) =>
    chunk.includes(mark) ? Math.floor(chunk.length * share) : undefined,
  );
  // It happens when such a command comes, if one does.
  void inside.then(() =>
    onFault(
      share === 1
        ? `connections cut: after it, ${where.slice('inside '.length)}`
        : `connections cut: ${where}`,
    ),
  );
}

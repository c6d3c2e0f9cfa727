import { makePartitions, type Partition } from '../../../src/store/partitions.ts';
import { startChild } from '../support/child.ts';
import { commandFigures } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { median, printTable } from '../support/table.ts';
import type { Contender, WorkerRequest } from './contender.ts';
import { CONCURRENCY, fillQueue, refuseFailed, untilTaken } from './throughput.ts';

/** Orders of each before anything is measured: the code is compiled by then, and has learned. */
const WARMING = 20_000;

/**
 * What the worker stage takes of CPU with something and without it, where that is less than what two runs differ by on a busy
 * machine: two processes, each with a Redis of its own, work through a full queue in short turns, and each round is one ratio.
 * Of what a process does by the second, only what falls into its turns counts.
 */
export async function inTurns(
  what: string,
  contenders: { on: Contender; off: Contender },
  jobs: number,
  rounds: number,
): Promise<void> {
  const [on, off] = [await startSide(contenders.on), await startSide(contenders.off)];
  try {
    for (const side of [on, off]) for (let done = 0; done < WARMING; done += 5_000) await side.work(5_000);
    const turns: { on: Turn; off: Turn }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const isOnFirst = round % 2 === 0;
      const first = await (isOnFirst ? on : off).work(jobs);
      const second = await (isOnFirst ? off : on).work(jobs);
      turns.push(isOnFirst ? { on: first, off: second } : { on: second, off: first });
    }
    // The median lies between these two with 95 % or a little more, by the binomial distribution.
    const rank = Math.max(0, Math.floor((rounds - 1.96 * Math.sqrt(rounds)) / 2));
    const row = (name: string, figure: keyof Turn, digits: number): string[] => {
      const each = (side: 'on' | 'off') =>
        median(turns.map((turn) => turn[side][figure] / jobs)).toFixed(digits);
      const ratios = turns.map((turn) => turn.on[figure] / turn.off[figure]).sort((a, b) => a - b);
      const interval = `${ratios[rank]?.toFixed(3)} to ${ratios.at(-1 - rank)?.toFixed(3)}`;
      return [name, each('on'), each('off'), median(ratios).toFixed(3), interval];
    };
    printTable(
      `BullMQ → stats with and without ${what}, ${rounds} rounds of ${jobs} jobs each, after ${WARMING}; medians, and where that of on/off lies with 95 %`,
      ['', 'on', 'off', 'on/off', 'interval'],
      [row('worker: CPU µs/order', 'cpu', 1), row('Redis commands/order', 'calls', 3)],
    );
  } finally {
    await Promise.all([on.stop(), off.stop()]);
  }
}

/** In all. */
interface Turn {
  /** µs */
  cpu: number;
  /** Commands of Redis. */
  calls: number;
}

async function startSide(contender: Contender) {
  const redis = await startBenchRedis();
  const child = await startChild(new URL('./contender.ts', import.meta.url));
  const partition = makePartitions(1).all[0] as Partition;
  let filled = 0;
  await child.ask({
    do: 'go',
    contender,
    env: { REDIS_URL: redis.url },
    concurrency: CONCURRENCY,
  } satisfies WorkerRequest);
  const cpu = async () =>
    (await child.ask<{ cpuMicroseconds: number }>({ do: 'report' } satisfies WorkerRequest)).cpuMicroseconds;
  return {
    /** Takes that many jobs from a full queue. */
    async work(jobs: number): Promise<Turn> {
      process.kill(child.pid, 'SIGSTOP');
      await fillQueue(redis.url, { jobs, users: 10_000, days: 2, first: filled });
      filled += jobs;
      await redis.client.config('RESETSTAT');
      process.kill(child.pid, 'SIGCONT');
      const before = await cpu();
      await untilTaken(redis.client, partition);
      await refuseFailed(redis.client, partition);
      return { cpu: (await cpu()) - before, calls: (await commandFigures(redis.client)).calls };
    },
    async stop() {
      await child.kill();
      redis.stop();
    },
  };
}

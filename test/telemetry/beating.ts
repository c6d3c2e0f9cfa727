import type { Redis } from 'ioredis';
import { connectRedis } from '../../src/store/connections.ts';
import { DAMAGED, type Place } from '../../src/store/stored.ts';
import type { Counter, ProcessState } from '../../src/telemetry/figures.ts';
import { startBeat } from '../../src/telemetry/pulse/beat.ts';
import { type Pulse, pulseReader } from '../../src/telemetry/read/pulse.ts';
import { Tally } from '../../src/telemetry/tally.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

/** Processes that beat on a Redis of their own, and who looks at it. */
export interface Beating {
  server: TestRedis;
  redis: Redis;
  /** Starts a process as the product would, by way of another port where one is given; it beats ten times a second. */
  process(options?: {
    role?: string;
    does?: Partial<ProcessState>;
    tally?: Tally;
    port?: number;
    onDamaged?: (place: Place) => void;
  }): {
    tally: Tally;
    stop(): Promise<void>;
  };
  look(): Promise<Pulse>;
  /** Everything of the last hour added up. */
  countOf(counter: Counter): Promise<number>;
  stop(): Promise<void>;
}

export async function startBeating(): Promise<Beating> {
  const server = await startTestRedis();
  const redis = server.client();
  const reader = pulseReader(redis);
  const look = () => reader('seconds', 3_600);
  const connections: { disconnect(): void }[] = [];
  return {
    server,
    redis,
    process({
      role = 'worker',
      does = {},
      tally = new Tally(),
      port = server.port,
      onDamaged = () => {},
    } = {}) {
      const own = connectRedis({ kind: 'server', host: server.host, port, tls: false }, 'fail_fast', {
        commandTimeout: 10_000,
        onError: () => {},
      });
      connections.push(own);
      own.on(DAMAGED, onDamaged);
      const { stop } = startBeat(
        {
          redis: own,
          tally,
          describe: () => ({ role, version: '1.0.0', node: process.version, troubles: [], ...does }),
          gauges: () => [],
          onError: () => {},
        },
        { everyMs: 100 },
      );
      return { tally, stop };
    },
    look,
    async countOf(counter) {
      const pulse = await look();
      // The present second is among them.
      return pulse.sum(pulse.now / 1_000 + 1, 3_600).counts.get(counter) ?? 0;
    },
    async stop() {
      for (const connection of connections) connection.disconnect();
      await server.stop();
    },
  };
}

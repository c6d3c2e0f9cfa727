import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { durableQueues } from '../src/queue/durableQueues.ts';
import { makeReadStats } from '../src/stats/read/readStats.ts';
import { makePartitions } from '../src/store/partitions.ts';
import { order, recorder } from './stats/recording.ts';
import { startTestRedis, type TestRedis } from './support/redis.ts';
import { startTcpProxy } from './support/tcpProxy.ts';

describe('the promise', () => {
  const partitions = makePartitions(1);
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());

  it('counts an order once when Redis has recorded it and the answer is lost', async () => {
    const proxy = await startTcpProxy(redis.port);
    const wire = new Redis(proxy.port, '127.0.0.1', { maxRetriesPerRequest: null });
    wire.on('error', () => {});
    try {
      const record = recorder(wire, partitions);
      await record(order({ orderId: 'BEFORE' }));
      const cut = proxy.cutInside((chunk) => (chunk.includes(':ledger') ? chunk.length : undefined));
      const recorded = record(order({ orderId: 'UNHEARD' }));
      await cut;
      // Repeated on the next connection, and recognised there.
      expect(await recorded).toEqual({ outcome: 'duplicate' });
      expect(await makeReadStats(redis.client(), partitions).global()).toMatchObject({ orders: 2 });
    } finally {
      wire.disconnect();
      await proxy.stop();
    }
  });

  it('takes no confirmation from a connection that was another one when the jobs were added', async () => {
    const connection = redis.client();
    await connection.ping();
    const queues = { all: [], add: async () => {}, close: async () => {} };
    const lane = durableQueues(connection, queues, {
      level: 'fsync',
      why: 'as a test wants it',
      lanes: 1,
      async confirm() {
        const again = once(connection, 'ready');
        connection.stream.destroy();
        await again;
      },
    });
    await expect(lane.add([])).rejects.toThrow('the Redis connection was lost before');
  });

  it.each(['Pacific/Auckland', 'America/Los_Angeles', 'UTC'])(
    'counts an order on its day in UTC where the clock shows %s',
    async (zone) => {
      const parsing = new URL('./orders/parsing.ts', import.meta.url).href;
      const script = `
        const { parsed } = await import('${parsing}');
        const times = ['2024-12-31T23:30:00Z', '2025-01-01T00:30:00Z'];
        console.log(times.map((time) => parsed({ order_timestamp: time }).day).join());
      `;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '--eval', script],
        { env: { ...process.env, NODE_OPTIONS: '', TZ: zone } },
      );
      expect(stdout.trim()).toBe('2024-12-31,2025-01-01');
    },
  );
});

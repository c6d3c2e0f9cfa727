import { afterEach, describe, expect, it } from '@jest/globals';
import { run as verify } from '../../src/cli/verify/run.ts';
import { connectRedis } from '../../src/store/connections.ts';
import { PULSE_KEY } from '../../src/store/keys.ts';
import { startBeat } from '../../src/telemetry/pulse/beat.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline } from '../support/pipeline.ts';
import { freePort } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';

const ORDERS = 2_000;

describe('the pulse', () => {
  let workers: TestWorkers;
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  /** Runs so many orders through a worker, with a pulse on this port, and tells how often each command ran. */
  async function calls(port: (workers: TestWorkers) => Promise<number> | number | undefined) {
    workers = await testWorkers(1);
    open.push(workers.stop);
    const client = workers.redis.client();
    await workers.queues.add(
      workers.partitions.all[0] as never,
      Array.from({ length: ORDERS }, (_, index) => ({
        id: `job-${index}`,
        data: {
          order: anOrder({ order_id: `O-${index}` }),
          message: { id: `job-${index}`, sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 },
        },
      })),
    );
    await client.config('RESETSTAT');
    const beatsOn = await port(workers);
    if (beatsOn !== undefined) beatOn(beatsOn);
    await workers.start();
    await until(() => workers.tally.countOf('counted') === ORDERS, 'all have counted');
    const stats = await client.info('commandstats');
    const found = [...stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)];
    return new Map(found.map(([, command = '', count]) => [command, Number(count)]));
  }

  function beatOn(port: number) {
    const redis = connectRedis({ kind: 'server', host: '127.0.0.1', port, tls: false }, 'fail_fast', {
      onError: () => {},
    });
    const beat = startBeat({
      redis,
      tally: workers.tally,
      describe: () => ({ role: 'worker', version: '1.0.0', node: process.version, troubles: [] }),
      gauges: () => [],
      onError: () => {},
    });
    open.push(async () => {
      await beat.stop();
      redis.disconnect();
    });
  }

  it('costs a few commands a second, and none for an order', async () => {
    const without = await calls(() => undefined);
    const client = () => workers.redis.client();
    const withPulse = await calls(({ redis }) => redis.port);
    const [entry = '0'] = Object.values(await client().hgetall(`${PULSE_KEY}:processes`));
    const beats = Number.parseInt(entry, 10) + 1;
    const more = (command: string) => (withPulse.get(command) ?? 0) - (without.get(command) ?? 0);
    expect(withPulse.get('evalsha')).toBeGreaterThanOrEqual(ORDERS);
    // How orders fall into the worker's hands differs a little from run to run.
    expect(more('evalsha')).toBeLessThan(beats + ORDERS / 20);
    expect(withPulse.get('pexpire') ?? 0).toBeLessThanOrEqual(3 * beats + (without.get('pexpire') ?? 0));
    expect(withPulse.get('ltrim') ?? 0).toBeLessThanOrEqual(2 * beats + (without.get('ltrim') ?? 0));
    // At most the newest of each beat.
    expect(more('lpush')).toBeLessThanOrEqual(20 * beats);
  });

  it('that cannot beat holds up no order', async () => {
    const counted = await calls(() => freePort());
    expect(counted.get('evalsha')).toBeGreaterThanOrEqual(ORDERS);
    expect(await workers.redis.client().keys(`${PULSE_KEY}*`)).toEqual([]);
  });

  it('is nothing that verify takes offence at', async () => {
    const pipeline = await startPipeline();
    open.push(pipeline.stop);
    await pipeline.send(anOrder(), anOrder({ order_id: 'O-2' }));
    await pipeline.settled();
    const redis = pipeline.redis.client();
    await until(
      async () => (await redis.llen(`${PULSE_KEY}:newest:counted`)) === 2,
      'the pulse tells of both',
    );
    const { code, stderr } = await runCommand(verify, '', { REDIS_URL: pipeline.redis.url });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/pulse/) });
  });
});

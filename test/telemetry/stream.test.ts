import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express, { type Response as Answer } from 'express';
import { KeyStore } from '../../src/access/keyStore.ts';
import { liveRoutes } from '../../src/http/live/liveRoutes.ts';
import type { Follower } from '../../src/http/live/sharedSnapshots.ts';
import { startHttpServer } from '../../src/http/transport/server.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';

const READERS = 200;

/** Reads a stream in the background: what came so far, and how it ended. */
async function follow(pipeline: TestPipeline, headers: Record<string, string> = {}) {
  const { body } = await pipeline.get('/pulse/stream', { headers });
  const reading = { text: '', ended: Promise.resolve('') };
  const read = async () => {
    for await (const chunk of body as ReadableStream<Uint8Array>) reading.text += Buffer.from(chunk);
    return 'ended in order';
  };
  reading.ended = read().catch((error: Error) => `broken off: ${error.message}`);
  return reading;
}

const eventsIn = ({ text }: { text: string }): number => text.match(/^data: .*\n\n/gm)?.length ?? 0;

describe('the stream of the pulse', () => {
  let redis: TestRedis;
  let proxy: TcpProxy;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    redis = await startTestRedis();
    proxy = await startTcpProxy(redis.port);
    pipeline = await startPipeline({ REDIS_URL: `redis://127.0.0.1:${proxy.port}` }, { redis });
  });
  afterAll(async () => {
    await pipeline.stop();
    await proxy.stop();
    await redis.stop();
  });

  it('costs one snapshot a second, however many look', async () => {
    await redis.client().config('RESETSTAT');
    const readers = await Promise.all(Array.from({ length: READERS }, () => follow(pipeline)));
    await until(() => readers.every((reader) => eventsIn(reader) >= 3), 'all have seen three');
    const stats = await redis.client().info('commandstats');
    const callsOf = (command: string) =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    // A look reads two lists and a beat trims two, nothing else does while no order comes. Of both there is one a second:
    // what differs are the ends of the time we looked.
    const [looks, beats] = [callsOf('lrange') / 2, callsOf('ltrim') / 2];
    expect(looks).toBeGreaterThanOrEqual(3);
    expect(looks).toBeLessThanOrEqual(beats + 2);
  });

  it('refuses parameters that nobody knows, as every other operation', async () => {
    const answer = await pipeline.get('/pulse/stream?x=1');
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ parameter: 'x', type: '/problems/invalid-parameter' }),
    ]);
  });

  it('says that Redis does not answer, and goes on when it does', async () => {
    const reader = await follow(pipeline);
    await proxy.refuse();
    await until(() => reader.text.includes('\n: Redis does not answer\n\n'), 'it says so');
    const seen = eventsIn(reader);
    await proxy.accept();
    await until(() => eventsIn(reader) > seen, 'it goes on');
  });

  it('ends in order for all who look when the process stops', async () => {
    const own = await startPipeline({}, { redis, role: 'api' });
    const readers = await Promise.all([1, 2].map(() => follow(own)));
    await until(() => readers.every((reader) => eventsIn(reader) >= 1), 'both have seen one');
    await own.stop();
    expect(await Promise.all(readers.map(({ ended }) => ended))).toEqual([
      'ended in order',
      'ended in order',
    ]);
  });

  it('ends for a key that is revoked, and for no other', async () => {
    const closed = await startPipeline({ STATS_API: 'keys' }, { redis, role: 'api' });
    const store = new KeyStore(redis.client());
    const newKey = () => store.create({ name: 'test', role: 'read' }, Date.now());
    const [key, other] = [await newKey(), await newKey()];
    const [reader, bystander] = await Promise.all(
      [key, other].map((one) => follow(closed, { authorization: `Bearer ${one.key}` })),
    );
    await until(() => [reader, bystander].every((one) => one && eventsIn(one) >= 1), 'both have seen one');
    await store.revoke(key.id, Date.now());
    expect(await reader?.ended).toBe('ended in order');
    const seen = eventsIn(bystander as { text: string });
    await until(() => eventsIn(bystander as { text: string }) > seen, 'the other goes on');
    await closed.stop();
  });
});

describe('a reader of the stream that does not read', () => {
  it('is skipped, nothing is stored up for it, and it sees the newest when it reads again', async () => {
    let follower: Follower | undefined;
    let answer: Answer | undefined;
    const snapshots = {
      latest: () => Promise.reject(new Error('nobody asks')),
      follow: (one: Follower) => {
        follower = one;
        return () => {};
      },
      stop: () => {},
    };
    const app = express().use((_request, response, next) => {
      answer = response;
      next();
    });
    app.use(
      liveRoutes(
        snapshots,
        async () => [],
        async () => true,
      ),
    );
    const server = await startHttpServer(app, { host: '127.0.0.1', port: 0 });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write('GET /pulse/stream HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'readable');

    const event = `data: ${'x'.repeat(1_000_000)}\n\n`;
    const buffered: number[] = [];
    for (let sent = 0; sent < 64; sent += 1) {
      follower?.event(event);
      await turn();
      buffered.push(answer?.writableLength as number);
    }
    expect(buffered.at(-1)).toBeGreaterThan(0);
    expect(Math.max(...buffered)).toBeLessThan(2 * event.length);

    let last = '';
    socket.on('data', (chunk) => {
      last = chunk.toString().slice(-30);
    });
    socket.resume();
    await until(() => answer?.writableLength === 0, 'it has read what was on its way');
    follower?.event('data: the newest\n\n');
    await until(() => last.includes('data: the newest'), 'it sees the newest');
    socket.destroy();
    await server.stop();
  });
});

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { makeProducts, type Product, type Products } from './product.ts';

const SOCKETS = 20;
const REQUESTS = 1_000;
const MOST_GROWTH_MB = 400;

describe('requests whose answers nobody reads', () => {
  let products: Products;
  let redis: TestRedis;
  let product: Product;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    products = makeProducts();
    redis = await startTestRedis();
    product = await products.start(['api'], {
      REDIS_URL: redis.url,
      STATS_API: 'keys',
      LOG_LEVEL: 'warning',
    });
    await alive(product);
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(async () => {
    await products.stop();
    await redis.stop();
  });

  async function flood(requests: string): Promise<void> {
    const port = Number(new URL(product.url).port);
    const opened = Array.from({ length: SOCKETS }, () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.pause();
      socket.write(requests);
      return socket;
    });
    sockets.push(...opened);
    await Promise.all(opened.map((socket) => once(socket, 'readable')));
  }

  it.each([
    ['a large document', '/openapi.json', ''],
    ['a large document, packed', '/openapi.json', 'Accept-Encoding: br\r\n'],
    ['a refusal', '/stats/global', 'X-API-Key: wrong\r\n'],
  ])('take a bounded amount of memory, and others are answered: %s', async (_, path, header) => {
    const before = megabytesOf(product.pid);
    await flood(`GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`.repeat(REQUESTS));
    // One answer after the other: whatever the flood leads to has begun before the last of them.
    for (let i = 0; i < 20; i += 1) await alive(product);
    expect(megabytesOf(product.pid) - before).toBeLessThan(MOST_GROWTH_MB);
  });
});

const megabytesOf = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1_024;

/** Resolves once it says so, on a connection of its own each time. */
async function alive(product: Product): Promise<void> {
  for (;;) {
    const response = await fetch(`${product.url}/health/live`, { headers: { connection: 'close' } }).catch(
      () => undefined,
    );
    const answer = (await response?.json()) as { status?: string } | undefined;
    if (answer?.status === 'alive') return;
  }
}

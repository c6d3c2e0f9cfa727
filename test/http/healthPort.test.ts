import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startHttpServer } from '../../src/http/transport/server.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { freePort } from '../support/redis.ts';
import { until } from '../support/until.ts';

const SLOW = 'GET /health/live HTTP/1.1\r\nX-Slow: ';

describe('HEALTH_PORT', () => {
  let pipeline: TestPipeline;
  let healthPort: number;
  let sockets: Socket[];
  beforeAll(async () => {
    sockets = [];
    healthPort = await freePort();
    pipeline = await startPipeline(
      { HEALTH_PORT: String(healthPort), MAX_CONNECTIONS: '50' },
      { role: 'api' },
    );
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await pipeline.stop();
  });

  async function statusOf(path: string, port = healthPort): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    await response.arrayBuffer();
    return response.status;
  }

  /** Resolves when all of them have connected, to be served or not. */
  async function slowly(port: number, count: number): Promise<void> {
    const opened = Array.from({ length: count }, () => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.write(SLOW);
      return socket;
    });
    sockets.push(...opened);
    await Promise.all(opened.map((socket) => new Promise((done) => socket.once('connect', done))));
  }

  it.each(['/health', '/health/ready', '/health/live', '/v1/health/live'])('answers %s', async (path) => {
    await until(async () => (await statusOf(path)) === 200, 'it answers 200');
  });

  it.each(['/stats/global', '/admin/queues', '/docs'])('answers nothing else: %s', async (path) => {
    expect(await statusOf(path)).toBe(404);
  });

  it('answers at the first attempt while slow connections have used up the other', async () => {
    await slowly(Number(new URL(pipeline.url).port), 200);
    for (let i = 0; i < 5; i += 1) {
      expect(await statusOf('/health/live')).toBe(200);
      expect(await statusOf('/health/ready')).toBe(200);
    }
  });

  it('answers at the first attempt while slow connections have used up its own', async () => {
    await slowly(healthPort, 200);
    for (let i = 0; i < 5; i += 1) expect(await statusOf('/health/live')).toBe(200);
  });
});

describe('a process without PORT', () => {
  it('answers probes by HEALTH_PORT', async () => {
    const healthPort = await freePort();
    const pipeline = await startPipeline({ PORT: '0', HEALTH_PORT: String(healthPort) }, { role: 'worker' });
    const response = await fetch(`http://127.0.0.1:${healthPort}/health/ready`);
    await response.arrayBuffer();
    expect(response.status).toBe(200);
    await pipeline.stop();
  });

  it('is refused a taken HEALTH_PORT by its name', async () => {
    const app = Object.assign(() => {}, { request: {}, response: {} }) as never;
    const options = { host: '127.0.0.1', port: 0, setting: 'HEALTH_PORT' };
    const first = await startHttpServer(app, options);
    const port = Number(new URL(first.url).port);
    await expect(startHttpServer(app, { ...options, port })).rejects.toThrow('set HEALTH_PORT to a free one');
    await first.stop();
  });
});

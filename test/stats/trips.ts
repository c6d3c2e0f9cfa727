import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';

/** A connection to Redis that knows how often it waited for an answer. */
export interface Trips {
  redis: Redis;
  /** Round trips since the last call. */
  taken(): number;
  /** Does something when the n-th round trip from now begins, before Redis hears of it. */
  before(trip: number, action: () => Promise<void>): void;
  /** The same in the middle of what is sent: Redis has what comes before `text`, and has replied. */
  inside(trip: number, text: string, action: () => Promise<void>): void;
  stop(): Promise<void>;
}

export async function startTrips(behind: number): Promise<Trips> {
  let count = 0;
  let actions = new Map<number, { at: string | undefined; action: () => Promise<void> }>();
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(behind, '127.0.0.1');
    let answered = true;
    client.on('data', async (chunk) => {
      // Whatever is sent before the next answer belongs to the same trip.
      if (!answered) return upstream.write(chunk);
      answered = false;
      count += 1;
      const planned = actions.get(count);
      if (!planned) return upstream.write(chunk);
      client.pause();
      const cut = planned.at === undefined ? 0 : chunk.indexOf(planned.at);
      if (cut > 0) {
        upstream.write(chunk.subarray(0, cut));
        await once(upstream, 'data');
      }
      await planned.action();
      upstream.write(chunk.subarray(Math.max(cut, 0)));
      client.resume();
    });
    upstream.on('data', (chunk) => {
      answered = true;
      client.write(chunk);
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay();
      socket.on('error', () => socket.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const redis = new Redis((server.address() as AddressInfo).port, '127.0.0.1');
  redis.on('error', () => {});
  await redis.ping();
  count = 0;
  return {
    redis,
    taken() {
      const taken = count;
      count = 0;
      actions = new Map();
      return taken;
    },
    before(trip, action) {
      actions.set(count + trip, { at: undefined, action });
    },
    inside(trip, at, action) {
      actions.set(count + trip, { at, action });
    },
    async stop() {
      redis.disconnect();
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

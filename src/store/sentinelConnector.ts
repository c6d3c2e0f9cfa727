import { connect as connectPlain, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type Redis } from 'ioredis';
import { CONNECTION_CLOSED } from './redisFaults.ts';
import { address, type Endpoint, isSamePlace, loginOptions, type SentinelTarget } from './redisTarget.ts';
import { askSentinels } from './sentinels.ts';

/** As long as that, orders may be sent to a master that hangs after another has taken its place. */
const LOOK_EVERY_MS = 2_000;
const DISCONNECT_MS = 2_000;

const leaders = new WeakMap<Socket, Endpoint>();

/** The master that a connection was made to, as the sentinels named it then. Undefined while it is between two. */
export function masterOf(redis: Redis): Endpoint | undefined {
  return leaders.get(redis.stream as Socket);
}

/**
 * How ioredis connects where sentinels say who the master is. Its own way of doing so ends a connection for good when the
 * news of a failover comes while it is asking for the master; and a connection to a master that hangs, and was replaced,
 * it keeps for ever unless told by that very news. Here, the master is asked for whenever a connection is made, and
 * again as long as there is one. A class, because ioredis makes an instance for each connection, duplicates included.
 */
export function sentinelConnector(target: SentinelTarget) {
  const watch = watchMaster(target);
  return class SentinelConnector extends AbstractConnector {
    /** Rises whenever a connection is wanted, or not any more. */
    #attempt = 0;

    constructor() {
      super(DISCONNECT_MS);
    }

    override async connect(): Promise<Socket> {
      const attempt = ++this.#attempt;
      const found = await askSentinels(target).catch((error: Error) => error);
      // To reject would end the connection for good: one that breaks at once is tried again.
      if (found instanceof Error) return this.#broken(found);
      // Closed on purpose: with these words ioredis tells nobody.
      if (attempt !== this.#attempt) return this.#broken(new Error(CONNECTION_CLOSED));
      const stream = this.#opened(open(found.master, target));
      leaders.set(stream, found.master);
      watch(stream, found.master);
      return stream;
    }

    override disconnect(): void {
      this.#attempt += 1;
      // Of a stream that is closed already, the end would be waited for.
      if (!this.stream?.destroyed) super.disconnect();
    }

    /** A server that was killed may come back as the master it was, until the sentinels have told it otherwise. */
    override check(info: { role?: string }): boolean {
      return info.role === undefined || info.role === 'master';
    }

    #opened(stream: Socket): Socket {
      this.stream = stream as typeof this.stream;
      stream.once('error', (error) => {
        this.firstError = error;
      });
      return stream;
    }

    #broken(error: Error): Socket {
      const stream = this.#opened(new Socket());
      this.firstError = error;
      return stream.destroy();
    }
  };
}

function open({ host, port }: Endpoint, target: SentinelTarget): Socket {
  const { tls } = loginOptions(target);
  return tls === undefined ? connectPlain({ host, port }) : connectTls({ host, port, ...tls });
}

/** Breaks streams to a master that another one has replaced. Looks only while there are any. */
function watchMaster(target: SentinelTarget): (stream: Socket, master: Endpoint) => void {
  const streams = new Map<Socket, Endpoint>();
  let waits = false;

  async function look(): Promise<void> {
    // What was connected since knows better than an answer on its way.
    const before = [...streams];
    const { master } = await askSentinels(target).catch(() => ({ master: undefined }));
    if (master) {
      for (const [stream, connected] of before) {
        if (!isSamePlace(connected, master))
          stream.destroy(
            new Error(`${address(connected)} is not the master any more, ${address(master)} is`),
          );
      }
    }
    waits = false;
    lookAgain();
  }
  const lookAgain = () => {
    if (waits || streams.size === 0) return;
    waits = true;
    setTimeout(look, LOOK_EVERY_MS).unref();
  };
  return (stream, master) => {
    streams.set(stream, master);
    stream.once('close', () => streams.delete(stream));
    lookAgain();
  };
}

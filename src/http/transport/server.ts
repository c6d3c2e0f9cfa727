import { createServer, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { bornAsExpress } from './bornAsExpress.ts';
import { oneAfterAnother } from './pipelining.ts';
import { PROBLEM_TYPE, problemJson } from './problem.ts';
import type { ProblemKind } from './problemKinds.ts';

export interface HttpServer {
  /** `http://host:port`, with the port really bound. */
  url: string;
  /** Takes no new connections; answers under way are finished. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

export interface ListenOptions {
  host: string;
  /** 0 means any free one. */
  port: number;
  /** The setting to name when the port is taken. */
  setting?: string;
  /** Connections at once; more are closed unanswered. */
  maxConnections?: number;
  /** Closes the oldest connection instead when one is too many. */
  newestFirst?: boolean;
  /** Milliseconds a client may take to send the head of a request. */
  headersTimeoutMs?: number;
  /** Milliseconds a client may take to send a whole request. */
  requestTimeoutMs?: number;
  /** Milliseconds after which a connection is let go on which nothing moves, asked or not. */
  silenceMs?: number;
  /** Requests that wait for the answers before them, on all connections together. */
  mostWaiting?: number;
  /** What the types of problems begin with; '' unless given. */
  basePath?: string;
  /** Called for each connection that was one too many. */
  onConnectionRefused?: () => void;
}

/** About 5 kB each. */
const MOST_WAITING = 20_000;
/** Path and headers of one request, bytes. */
const MAX_HEAD = 16_384;
/** Longer than the 60 seconds after which load balancers drop an idle connection: whoever closes second loses a request. */
const KEEP_ALIVE_MS = 65_000;
/** A client that stops reading its answer, or stops in the middle of anything else, is let go after this. */
const SILENCE_MS = 30_000;
/** What a refused client gets to read why: closing at once could take the answer from it. */
const LINGER_MS = 500;
/** So long-lived connections move to new processes some time. */
const REQUESTS_PER_CONNECTION = 100_000;

/** Listens; rejects when the address cannot be had. */
export async function startHttpServer(app: Express, options: ListenOptions): Promise<HttpServer> {
  const { host, port, setting = 'PORT', headersTimeoutMs = 10_000, requestTimeoutMs = 15_000 } = options;
  const { basePath = '' } = options;
  const answer = oneAfterAnother(app, options.mostWaiting ?? MOST_WAITING);
  const server = createServer(
    {
      ...bornAsExpress(app),
      maxHeaderSize: MAX_HEAD,
      // Node's own refusal has no body; requestLimits says it in the form of every other.
      requireHostHeader: false,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: options.silenceMs ?? KEEP_ALIVE_MS,
      // How often the two timeouts are looked at. Node's 30 seconds would make them that much longer.
      connectionsCheckingInterval: Math.min(1_000, headersTimeoutMs / 4),
    },
    answer,
  );
  server.timeout = options.silenceMs ?? SILENCE_MS;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
  if (options.maxConnections !== undefined) {
    if (options.newestFirst) closeOldest(server, options.maxConnections);
    else server.maxConnections = options.maxConnections;
  }
  server.on('drop', () => {
    // The next one finds room, unless all of them are at work.
    server.closeIdleConnections();
    options.onConnectionRefused?.();
  });
  server.on('clientError', (error, socket) => refuseUnreadable(error, socket, basePath));
  server.on('connect', (_request, socket) => {
    // Node lets go of this socket entirely: without a listener a client that resets it ends the process.
    socket.on('error', () => socket.destroy());
    // Written now, the refusal would be taken for the answer to an earlier request.
    if (answerUnderWay(socket)) socket.destroy();
    else refuse(socket, NO_TUNNEL, basePath);
  });
  // An expectation nobody knows may be ignored. Node would refuse it, without a body.
  server.on('checkExpectation', answer);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? `is in use: set ${setting} to a free one`
          : `cannot be had: ${error.message}`;
      reject(new Error(`${host}:${port} ${why}`));
    });
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    async quiet() {
      server.close();
      server.closeIdleConnections();
    },
    async stop() {
      server.close();
      // A client that keeps its connection open has had its answer by now.
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1_000).unref();
      await closed;
    },
  };
}

/** However many hold a connection open, the next has one for as long as it takes so many others to come. */
function closeOldest(server: Server, most: number): void {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > most) oldest?.destroy();
  });
}

interface Refusal {
  status: number;
  kind: ProblemKind;
  detail: string;
}

const UNREADABLE: Record<string, Refusal> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    kind: 'headers-too-large',
    detail: `The path and the headers are longer than ${MAX_HEAD} bytes`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    kind: 'request-timeout',
    detail: 'The request did not arrive in time',
  },
};
const NOT_HTTP = { status: 400, kind: 'bad-request', detail: 'This is not HTTP' } as const;
const NO_TUNNEL = { status: 405, kind: 'method-not-allowed', detail: 'This is no proxy' } as const;

/** Answers what Node refuses before Express sees it, in the form of every other refusal. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex, basePath: string): void {
  if (!socket.writable || error.code === 'ECONNRESET' || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  refuse(socket, UNREADABLE[error.code ?? ''] ?? NOT_HTTP, basePath);
}

function refuse(socket: Duplex, { status, kind, detail }: Refusal, basePath: string): void {
  const body = problemJson(status, { kind, detail }, basePath);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${PROBLEM_TYPE}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(status === 405 ? ['Allow: GET, HEAD'] : []),
      'X-Process-Time: 0.000000',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // A client that does not take its answer would keep its place until it is silent for too long.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Whether an answer to an earlier request is on its way: what is written now would end up in the middle of it. */
const isAnswering = (socket: Duplex): boolean => answerUnderWay(socket)?.headersSent === true;

/** The answer that has the connection at present. Node has no public name for it, and looks at the same field. */
function answerUnderWay(socket: Duplex): ServerResponse | null | undefined {
  return (socket as Duplex & { _httpMessage?: ServerResponse | null })._httpMessage;
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What was asked of the model, and as it came. */
export interface Asked {
  raw: string;
  headers: IncomingMessage['headers'];
  body: {
    model: string;
    messages: { role: string; content: string }[];
    response_format?: { type: string; json_schema?: { schema: unknown } };
    [name: string]: unknown;
  };
  format: 'json_schema' | 'json_object' | 'plain';
  entries: Entry[];
  known: { id: string; value: string }[];
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the question holds
export type Entry = Record<string, any> & { id: string };

export type Reply =
  | {
      content: unknown;
      usage?: unknown;
      finish?: string;
    }
  | { status: number; text: string; type?: string }
  | { never: true }
  | { hangUp: true }
  | { endless: true };

export type Plays = (asked: Asked, nth: number) => Reply;

export interface ModelServer {
  baseUrl: string;
  asked: Asked[];
  /** Bytes of an endless answer that were taken. */
  sent: number;
  plays: Plays;
  stop(): Promise<void>;
}

/** A server that speaks the wire of OpenAI's chat completions, and answers as it is told to. */
export async function startModelServer(plays: Plays = honest): Promise<ModelServer> {
  const server = createServer((request, response) => void take(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: ModelServer = {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: [],
    sent: 0,
    plays,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const raw = Buffer.concat(parts).toString();
    const body = JSON.parse(raw);
    const told = JSON.parse(body.messages[1].content);
    const asked: Asked = {
      raw,
      headers: request.headers,
      body,
      format: body.response_format?.type ?? 'plain',
      entries: told.entries,
      known: told.known ?? [],
    };
    state.asked.push(asked);
    const reply = state.plays(asked, state.asked.length);
    if ('never' in reply) return;
    if ('hangUp' in reply) {
      response.destroy();
      return;
    }
    if ('endless' in reply) return endless(response);
    if ('status' in reply) {
      response.writeHead(reply.status, {
        'Content-Type': reply.type ?? 'application/json',
        Location: '/elsewhere',
      });
      response.end(reply.text);
      return;
    }
    const { content, usage = { prompt_tokens: 900, completion_tokens: 100 }, finish = 'stop' } = reply;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const text = typeof content === 'string' || content === null ? content : JSON.stringify(content);
    response.end(
      JSON.stringify({
        id: 'c1',
        object: 'chat.completion',
        model: body.model,
        choices: [{ index: 0, finish_reason: finish, message: { role: 'assistant', content: text } }],
        ...(usage === null ? {} : { usage }),
      }),
    );
  }

  /** Ten megabytes, as fast as they are taken. */
  function endless(response: ServerResponse): void {
    const piece = Buffer.alloc(16_384, ' ');
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const more = () => {
      while (state.sent < 10_485_760 && !response.destroyed) {
        state.sent += piece.length;
        if (!response.write(piece)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  }
  return state;
}

const REAL_PLACES =
  /^(?:Tokyo.*Japan|Nairobi.*Kenya|Oslo.*Norway|Lima.*Peru|Bangkok.*Thailand|Warsaw.*Poland|Cairo.*Egypt|Hanoi.*Vietnam)$/;
const WAYS_TO_PAY =
  /^(?:VISA|MASTERCARD|PAYPAL|BANK.TRANSFER|APPLE.PAY|CASH.ON.DELIVERY|CREDIT.?CARD|BLIK|TWINT)$/i;

/** Whether an entry is wrong, as somebody sees it who knows the world a little. */
export function isWrong(entry: Entry): boolean {
  if (typeof entry.value === 'string') {
    return !(WAYS_TO_PAY.test(entry.value) || REAL_PLACES.test(entry.value) || /^A+9+$/.test(entry.value));
  }
  const [least, most] = String(entry.expected ?? '')
    .split(/[^\d.]*to[^\d.]*/)
    .map(Number);
  if (least !== undefined && most !== undefined) {
    return Number(entry.observed) < least || Number(entry.observed) > most;
  }
  const order = entry.orders?.[0] ?? {};
  if (entry.check === undefined) {
    return !(WAYS_TO_PAY.test(order.payment_method) && REAL_PLACES.test(order.shipping_address));
  }
  return true;
}

/** An answer to every entry; `change` puts something else in place of some. */
export const answersOf = (
  asked: Asked,
  change: (entry: Entry, answer: Entry) => object = (_, own) => own,
) => ({
  answers: asked.entries.map((entry) => {
    const verdict = isWrong(entry) ? 'defect' : 'plausible';
    const cause = verdict === 'defect' ? 'decimal_shift' : 'new_and_real';
    const own = {
      id: entry.id,
      verdict,
      cause,
      explanation: 'A sentence.',
      fixes: [],
      issues: [],
      meant: null,
    };
    return change(entry, own);
  }),
});

export const honest: Plays = (asked) => ({ content: answersOf(asked) });

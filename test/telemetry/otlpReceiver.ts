import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A span as OTLP/HTTP JSON has it, its attributes and those of its process as objects. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  status: { code?: number };
}

/** What a collector is to us: it takes spans at `/v1/traces`. */
export interface OtlpReceiver {
  endpoint: string;
  /** Bodies received so far, answered or not. */
  batches: { path: string; headers: IncomingHttpHeaders; body: string }[];
  spans(): ReceivedSpan[];
  named(name: string): ReceivedSpan[];
  /** With which status it answers from now on, those who wait first; undefined leaves them without any. */
  answer(status: number | undefined): void;
  stop(): Promise<void>;
}

interface Keyed {
  key: string;
  value: Record<string, unknown>;
}

const toObject = (attributes: Keyed[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  let status: number | undefined = 200;
  let unanswered: ServerResponse[] = [];
  const batches: OtlpReceiver['batches'] = [];
  const settle = () => {
    if (status === undefined) return;
    for (const response of unanswered)
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    unanswered = [];
  };
  const server = createServer(async (request, response) => {
    const body = await text(request);
    batches.push({ path: request.url as string, headers: request.headers, body });
    unanswered.push(response);
    settle();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: OtlpReceiver = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batches,
    spans: () =>
      batches.flatMap(({ body }) =>
        JSON.parse(body).resourceSpans.flatMap(({ resource, scopeSpans }: Sent) =>
          scopeSpans.flatMap(({ spans }) =>
            spans.map((span) => ({
              ...span,
              attributes: toObject(span.attributes),
              resource: toObject(resource.attributes),
            })),
          ),
        ),
      ),
    named: (name) => receiver.spans().filter((span) => span.name === name),
    answer(next) {
      status = next;
      settle();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

interface Sent {
  resource: { attributes: Keyed[] };
  scopeSpans: { spans: (Omit<ReceivedSpan, 'attributes' | 'resource'> & { attributes: Keyed[] })[] }[];
}

import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { Logger } from 'winston';
import { atMost } from '../../runtime/deadline.ts';
import { delivery } from './delivery.ts';
import { readTraceparent, writeTraceparent } from './traceContext.ts';
import type { Traces } from './traces.ts';

/*
 * The one file of ours that brings the SDK of OpenTelemetry along: loaded only when traces are on. The SDK reads the
 * sampler from the environment itself, and the exporter its headers.
 */

export interface TracesOptions {
  /** Where spans are posted as OTLP/HTTP JSON. */
  url: string;
  serviceName: string;
  version: string;
  /** Tells the processes of an installation apart. */
  role: string;
}

const FLUSH_LIMIT_MS = 1_000;

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

export function otlpTraces({ url, serviceName, version, role }: TracesOptions, logger: Logger): Traces {
  const agent = new (url.startsWith('https:') ? TlsAgent : Agent)({ keepAlive: true });
  const exporter = new OTLPTraceExporter({ url, httpAgentOptions: () => agent });
  const resource = defaultResource().merge(
    resourceFromAttributes({
      'service.name': serviceName,
      'service.version': version,
      'order_pipeline.role': role,
    }),
  );
  const { processor, giveUp } = delivery(exporter, logger);
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer('order-pipeline', version);
  const stop = async () => {
    await atMost(
      FLUSH_LIMIT_MS,
      provider.shutdown().catch(() => {}),
    );
    giveUp();
    // A receiver that hangs is left alone, and what the exporter would repeat finds no way out any more.
    agent.createConnection = () => {
      throw new Error('stopped');
    };
    agent.destroy();
  };
  let stopped: Promise<void> | undefined;
  return {
    begin(name, { kind, parent, attributes }) {
      const span = tracer.startSpan(
        name,
        { kind: KINDS[kind], ...(attributes && { attributes }) },
        under(parent),
      );
      return {
        get traceparent() {
          const { traceId, spanId, traceFlags } = span.spanContext();
          return writeTraceparent({ traceId, spanId, isSampled: (traceFlags & 1) === 1 });
        },
        end(more, { failed = false, name: last } = {}) {
          span.setAttributes(more);
          if (last !== undefined) span.updateName(last);
          if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    stop: () => (stopped ??= stop()),
  };
}

function under(parent: string | undefined) {
  const context = parent === undefined ? undefined : readTraceparent(parent);
  if (!context) return ROOT_CONTEXT;
  const { traceId, spanId, isSampled } = context;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? 1 : 0,
    isRemote: true,
  });
}

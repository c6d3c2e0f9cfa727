import * as z from 'zod';
import { problemOfPrintedUrl, refuseFor } from './printedUrl.ts';
import { oneOf, shareOrNone } from './values.ts';

const endpoint = () =>
  z
    .string()
    .superRefine(
      refuseFor((text) => problemOfPrintedUrl(text, 'secrets go into OTEL_EXPORTER_OTLP_HEADERS')),
    );

/**
 * Where OpenTelemetry's traces go, under the names that it gives these everywhere. The exporter reads the headers itself,
 * and the SDK the sampler: here they are only checked.
 */
export const tracesVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint().optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint().optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
  OTEL_SERVICE_NAME: z.string().default('order-pipeline'),
  OTEL_TRACES_SAMPLER: oneOf([
    'always_on',
    'always_off',
    'traceidratio',
    'parentbased_always_on',
    'parentbased_always_off',
    'parentbased_traceidratio',
  ]).default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: shareOrNone.optional(),
};

export const TRACES_SECRETS = ['OTEL_EXPORTER_OTLP_HEADERS'];

const variables = z.object(tracesVariables);

/** `traces` is undefined while they are off. */
export function tracesSettings(env: z.output<typeof variables>) {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = env;
  const url = own ?? (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`);
  return { traces: url === undefined ? undefined : { url, serviceName: env.OTEL_SERVICE_NAME } };
}

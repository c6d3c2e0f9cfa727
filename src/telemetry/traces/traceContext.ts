/** Which span something is done for, of whichever service. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 of them. */
  spanId: string;
  isSampled: boolean;
}

/** W3C Trace Context. Versions to come may say more behind a dash, of which 00 has none. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])(?:$|(?<!^00.{53})-)/;

/** Reads a `traceparent`; undefined when it is none. */
export function readTraceparent(text: string): TraceContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const writeTraceparent = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`;

const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/;

/**
 * Reads what the AWS SDK and X-Ray put beside a message: `Root=1-TIME-REST;Parent=SPAN;Sampled=1`, in any order and with
 * more between. Undefined when it names no span, or leaves it to others whether the trace is kept.
 */
export function readAwsTraceHeader(text: string): TraceContext | undefined {
  const fields = new Map(text.split(';').map((field) => field.trim().split('=', 2) as [string, string]));
  const [, time, rest] = ROOT.exec(fields.get('Root') ?? '') ?? [];
  const sampled = fields.get('Sampled') ?? '';
  if (!/^[01]$/.test(sampled)) return undefined;
  return readTraceparent(`00-${time}${rest}-${fields.get('Parent')}-0${sampled}`);
}

import { isRecord } from '../orders/record.ts';

export type Container = Record<string, unknown>;

/** Undefined when the data is the order itself, whose own `message` may be a customer's greeting. */
export function wrapperOf(data: unknown): { data: Container; message: Container | undefined } | undefined {
  if (!isRecord(data) || !('order' in data || typeof data.raw === 'string')) return undefined;
  return { data, message: isRecord(data.message) ? data.message : undefined };
}

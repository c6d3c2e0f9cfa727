export type Container = Record<string, unknown>;

/** Undefined when the data is the order itself, whose own `message` may be a customer's greeting. */
export function wrapperOf(data: unknown): { data: Container; message: Container | undefined } | undefined {
  if (!isContainer(data) || !('order' in data || typeof data.raw === 'string')) return undefined;
  return { data, message: isContainer(data.message) ? data.message : undefined };
}

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

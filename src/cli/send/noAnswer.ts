const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);
const TIMEOUT_NAMES = new Set(['AbortError', 'TimeoutError']);

/** Whether an error of the SDK means that nothing spoke to us, as opposed to SQS saying no. */
export function isNoAnswer(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, name, errors, cause } = error as NodeJS.ErrnoException & Partial<AggregateError>;
  if (CONNECTION_CODES.has(code ?? '') || TIMEOUT_NAMES.has(name)) return true;
  // A name with several addresses fails with one error per address.
  return (errors ?? []).some(isNoAnswer) || isNoAnswer(cause);
}

/** RFC 9457 problem details as this API writes them. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: readonly { parameter: string; rule: string; message: string; received?: string }[];
}

/** The problem in an answer; undefined when it holds none, as a proxy's error page does. */
export function problemOf(contentType: string, text: string): Problem | undefined {
  if (!contentType.startsWith('application/problem+json')) return undefined;
  try {
    const found: unknown = JSON.parse(text);
    return isProblem(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** `unknown-user` of `/problems/unknown-user`. */
export const kindOf = (type: string): string => type.slice(type.lastIndexOf('/') + 1);

function isProblem(value: unknown): value is Problem {
  if (typeof value !== 'object' || value === null) return false;
  const { type, title, detail } = value as Record<string, unknown>;
  return [type, title, detail].every((each) => typeof each === 'string');
}

import type * as z from 'zod';

/**
 * What is wrong with a URL that is logged and printed as it stands, so that nothing secret may be in it. `secretsGo` says
 * where they go instead.
 */
export function problemOfPrintedUrl(text: string, secretsGo: string): string | undefined {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    return 'must be a URL starting with http:// or https://';
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') return `must have no login in it: ${secretsGo}`;
  const [more] = /[?#]/.exec(text) ?? [];
  return more === undefined ? undefined : `must end with its path, without ${more} and what follows`;
}

/** The first problem alone: whatever else is wrong with such a value follows from it. */
export const refuseFor =
  (problemOf: (text: string) => string | undefined) =>
  (text: string, context: z.core.$RefinementCtx<string>): void => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message, continue: false });
  };

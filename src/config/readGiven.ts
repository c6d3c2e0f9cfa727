import type { Given } from './given.ts';
import { isServiceAddress } from './unknownNames.ts';

/** `docker --env-file` passes the quotes of a file on, which a shell takes away. */
const IN_QUOTES = /^(["'])(.*)\1$/s;

/**
 * What is set, without the spaces around it; passwords keep theirs. An empty value counts as not set, as compose files
 * produce it.
 */
export function readGiven(env: NodeJS.ProcessEnv, secrets: ReadonlySet<string>): Given {
  const given = Object.entries(env).filter(
    ([name, value]) => value !== undefined && value.trim() !== '' && !isServiceAddress(name, value),
  );
  return Object.fromEntries(
    given.map(([name, value = '']) => {
      const text = secrets.has(name) ? value : value.trim();
      return [name, name === 'NODE_ENV' ? text.toLowerCase() : text];
    }),
  );
}

/** The names among `names` whose value stands in quotes. */
export const quotedAmong = (given: Given, names: readonly string[]): string[] =>
  names.filter((name) => IN_QUOTES.test(given[name] ?? ''));

/** What is meant by a value in quotes, so that whatever else is wrong with it is said in the same list. */
export const withoutQuotes = (given: Given, names: readonly string[]): Given => ({
  ...given,
  ...Object.fromEntries(
    names.map((name) => [name, IN_QUOTES.exec(given[name] ?? '')?.[2]?.trim() || undefined]),
  ),
});

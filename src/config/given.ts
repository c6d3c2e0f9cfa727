/** The environment as it was set: empty values count as not set, and nothing is parsed yet. */
export type Given = Readonly<Record<string, string | undefined>>;

/** The names among `names` that are set, in their order. */
export const setAmong = (given: Given, names: readonly string[]): string[] =>
  names.filter((name) => given[name] !== undefined);

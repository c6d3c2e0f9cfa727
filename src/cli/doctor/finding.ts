/** `look` is worth a look and stops nothing; `unknown` could not be looked at. */
export type Level = 'good' | 'look' | 'bad' | 'unknown';

export interface Finding {
  /** What was looked at, in a word or two. */
  about: string;
  level: Level;
  /** One sentence, without a secret. */
  says: string;
  /** What to type, or to set, when it is not good. */
  type?: string;
}

export const good = (about: string, says: string): Finding => ({ about, level: 'good', says });

/** Where `wrong` holds, that with what to type; else what is good. */
export const either = (
  about: string,
  wrong: boolean,
  other: { level: 'look' | 'bad'; says: string; type: string },
  says: string,
): Finding => (wrong ? { about, ...other } : good(about, says));

/** What a look found, or why there was none. */
export async function lookAt(
  about: string,
  look: () => Promise<Finding[]>,
  otherwise: { level: 'bad' | 'unknown'; type: string },
): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [{ about, ...otherwise, says: (error as Error).message }];
  }
}

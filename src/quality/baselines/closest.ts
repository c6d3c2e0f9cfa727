/**
 * Which of some words one is with at most two letters wrong, missing, too many or swapped; undefined where it is none, or
 * as near to two.
 */
export function closestTo(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.min(2, Math.floor(word.length / 3)) + 1;
  let isTie = false;
  for (const each of words) {
    if (Math.abs(each.length - word.length) >= least + 1) continue;
    const edits = distance(word, each);
    if (edits < least) [best, least, isTie] = [each, edits, false];
    else if (edits === least && best !== undefined) isTie = true;
  }
  return isTie ? undefined : best;
}

/** Damerau's distance, of neighbours swapped once. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    const above = rows[i - 1] as number[];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(
        (row[j - 1] as number) + 1,
        (above[j] as number) + 1,
        (above[j - 1] as number) + same,
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, ((rows[i - 2] as number[])[j - 2] as number) + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return (rows[a.length] as number[])[b.length] as number;
}

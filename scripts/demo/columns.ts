/** Rows as aligned lines. Columns whose index is in `right` are aligned to the right, as figures are. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, index) => Math.max(most[index] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, index) => {
          const width = widths[index] ?? 0;
          return right.includes(index) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

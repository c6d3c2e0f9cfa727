import { visible } from '../../runtime/visibleText.ts';

/** Rows as aligned lines, whatever their cells hold. Columns whose index is in `right` are aligned to the right, as figures are. */
export function columns(cells: readonly (readonly string[])[], right: readonly number[] = []): string {
  const rows = cells.map((row) => row.map(visible));
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

import { isRecord } from '../../orders/record.ts';
import type { SumField } from '../../orders/sumFields.ts';
import { changeAt, type FieldChange, Unreadable, withField } from './changeAt.ts';
import { type Part, type Recipe, readPlace, type Step } from './recipe.ts';
import { cast, decimalComma, isSame, textToNumber, total } from './values.ts';

export type Applied =
  | { order: unknown; changes: FieldChange[]; refusals?: undefined }
  /** It was left as it is: what the recipe names there cannot be read. */
  | { refusals: { path: string; why: string }[]; order?: undefined; changes?: undefined };

/**
 * What a recipe makes of an order, an ExactNumber standing wherever a double would lose digits. Pure: `order` stays as
 * it is, and what the recipe does not name is in the result what it was. `sumFields`: what belongs to the total besides the items.
 */
export function apply({ steps }: Recipe, order: unknown, sumFields: readonly SumField[] = []): Applied {
  if (!isRecord(order)) return { refusals: [{ path: '', why: 'is no object' }] };
  const changes: FieldChange[] = [];
  try {
    const changed = steps.reduce<unknown>(
      (now, step) => take(step, now as object, sumFields, changes),
      order,
    );
    return { order: changed, changes };
  } catch (error) {
    if (error instanceof Unreadable) return { refusals: [{ path: error.path, why: error.message }] };
    throw error;
  }
}

function take(step: Step, order: object, sumFields: readonly SumField[], changes: FieldChange[]): unknown {
  const noted = (before: unknown, after: unknown, path: string) => {
    if (!isSame(before, after)) changes.push({ path, before, after });
    return isSame(before, after) ? before : after;
  };
  const each = (at: string, make: (value: unknown, path: string) => unknown) =>
    changeAt(order, placeOf(at), (value, path) => noted(value, make(value, path), path));
  switch (step.do) {
    case 'replace':
      return each(step.at, (value) =>
        typeof value === 'string' ? value.replaceAll(step.find, () => step.with) : value,
      );
    case 'decimal_comma':
      return each(step.at, decimalComma);
    case 'text_to_number':
      return each(step.at, textToNumber);
    case 'set':
      return each(step.at, () => step.value);
    case 'cast':
      return each(step.at, (value, path) => cast(value, step.to, path));
    case 'recompute_total':
      return changeAt(order, ['order_value'], (value, path) => noted(value, total(order, sumFields), path));
    case 'release':
      // The order stays as it is: what changes is that its review holds it no more.
      changes.push({ path: 'review', before: 'held', after: 'released' });
      return order;
    case 'rename':
      return rename(order, placeOf(step.at), step.to, changes);
    case 'drop_line':
      return changeAt(order, placeOf(step.at), (lines, path) => dropLines(lines, path, step, changes));
  }
}

const placeOf = (text: string): Part[] => readPlace(text) as Part[];

/** A field that is there already is not written over. */
function rename(order: object, place: Part[], to: string, changes: FieldChange[]): unknown {
  const name = place.at(-1);
  const inside = place.slice(0, -1);
  return changeAt(order, inside, (holder, path) => {
    if (holder === undefined || holder === null) return holder;
    if (!isRecord(holder) || typeof name !== 'string') throw new Unreadable(path, 'has no fields to rename');
    if (!Object.hasOwn(holder, name) || name === to) return holder;
    const at = (field: string) => (path === '' ? field : `${path}.${field}`);
    if (Object.hasOwn(holder, to) && (holder[to] ?? undefined) !== undefined)
      throw new Unreadable(at(to), 'is there already');
    changes.push({ path: at(name), before: holder[name], after: undefined });
    const before = Object.hasOwn(holder, to) ? holder[to] : undefined;
    changes.push({ path: at(to), before, after: holder[name] });
    return withField(withField(holder, name, undefined), to, holder[name]);
  });
}

function dropLines(
  lines: unknown,
  path: string,
  { where, equals }: Extract<Step, { do: 'drop_line' }>,
  changes: FieldChange[],
): unknown {
  if (lines === undefined || lines === null) return lines;
  if (!Array.isArray(lines)) throw new Unreadable(path, 'is no list');
  const isDropped = (line: unknown) =>
    isRecord(line) && Object.hasOwn(line, where) && isSame(line[where], equals);
  const left = lines.filter((line) => !isDropped(line));
  if (left.length === lines.length) return lines;
  if (left.length === 0) throw new Unreadable(path, 'would have no line left');
  for (const [at, line] of lines.entries()) {
    if (isDropped(line)) changes.push({ path: `${path}[${at}]`, before: line, after: undefined });
  }
  return left;
}

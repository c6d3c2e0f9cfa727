/** Where the values of a JSON text stand. Lines are counted from 0. */
export interface Places {
  /** The line on which each begins, by its path: `items[0].quantity`, '' for the whole. */
  lineOf: ReadonlyMap<string, number>;
  /** Where in the text each begins and ends. */
  spanOf: ReadonlyMap<string, readonly [from: number, to: number]>;
  /** The line on which it stops being JSON; undefined when it is JSON to its end. */
  brokenAt: number | undefined;
}

/** A mark, or a value that holds no others. */
const TOKEN =
  /[{}[\],:]|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

/** JSON's, and a byte-order mark. */
const BLANK = /^[ \t\r\n\ufeff]/;
/** Deeper there is nothing that a rule speaks of. */
const DEEPEST = 200;

/** Finds the places alone: what stands there is for the rules to judge, and those are asked of the server. */
export function placesIn(text: string): Places {
  const lineOf = new Map<string, number>();
  const spanOf = new Map<string, readonly [number, number]>();
  let line = 0;
  let end = 0;
  /** '' when there is none. */
  const next = (): string => {
    for (; BLANK.test(text[end] ?? ''); end += 1) if (text[end] === '\n') line += 1;
    TOKEN.lastIndex = end;
    const [found = ''] = TOKEN.exec(text) ?? [];
    end += found.length;
    return found;
  };
  const read = (first: string, path: string, depth: number): boolean => {
    if (depth > DEEPEST) throw new RangeError();
    if (first === '' || ',:]}'.includes(first)) return false;
    if (!lineOf.has(path)) lineOf.set(path, line);
    if (first !== '{' && first !== '[') {
      spanOf.set(path, [end - first.length, end]);
      return true;
    }
    const close = first === '{' ? '}' : ']';
    for (let nth = 0, each = next(); ; nth += 1, each = next()) {
      if (each === close) return nth === 0;
      let place = `${path}[${nth}]`;
      let value = each;
      if (first === '{') {
        if (!each.startsWith('"') || next() !== ':') return false;
        const name = JSON.parse(each) as string;
        place = path === '' ? name : `${path}.${name}`;
        // As when it is read: of two of a name the last one stands.
        lineOf.set(place, line);
        value = next();
      }
      if (!read(value, place, depth + 1)) return false;
      const mark = next();
      if (mark === close) return true;
      if (mark !== ',') return false;
    }
  };
  try {
    const isWhole = read(next(), '', 0) && next() === '' && end === text.length;
    return { lineOf, spanOf, brokenAt: isWhole ? undefined : line };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { lineOf, spanOf, brokenAt: undefined };
  }
}

/** The text with other values in some of its places, all else to the digit as it was; undefined where one is not there. */
export function withValues(
  text: string,
  edits: readonly { path: string; value: string | number }[],
): string | undefined {
  const { spanOf } = placesIn(text);
  const spans = edits.map(({ path, value }) => ({ span: spanOf.get(path), value }));
  spans.sort((a, b) => (b.span?.[0] ?? 0) - (a.span?.[0] ?? 0));
  return spans.reduce<string | undefined>(
    (now, { span, value }) =>
      span && now !== undefined
        ? now.slice(0, span[0]) + JSON.stringify(value) + now.slice(span[1])
        : undefined,
    text,
  );
}

/** The line of the nearest place that is there: of `items[0].quantity` it may be that of `items[0]`. */
export function lineAt({ lineOf }: Places, path: string): number {
  return lineOf.get(nearest(path, lineOf)) ?? 0;
}

/** The nearest of the places that are there. */
export function nearest(path: string, there: { has(path: string): boolean }): string {
  let place = path;
  while (place !== '' && !there.has(place)) place = place.replace(/(?:^|\.)[^.[\]]*$|\[\d+\]$/, '');
  return place;
}

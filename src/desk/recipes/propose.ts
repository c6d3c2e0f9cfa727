import type { Issue } from '../../orders/invalidOrder.ts';
import { isRecord } from '../../orders/record.ts';
import type { SumField } from '../../orders/sumFields.ts';
import { explainTotal } from '../../quality/refusedTotal.ts';
import { apply } from './apply.ts';
import { changeAt } from './changeAt.ts';
import { type Recipe, readPlace, type Step } from './recipe.ts';

export interface Proposal {
  recipe: Recipe;
  /** How many of the orders pass with it, of those looked at. */
  passes: number;
  of: number;
}

export interface Judging {
  /** What the rules say against an order; nothing when it passes. */
  issuesOf: (order: unknown) => readonly Issue[];
  sumFields: readonly SumField[];
}

const MOST_ROUNDS = 6;
/** Fields of an order that a missing one may have been sent as. */
const MOST_FIELDS = 50;
const LONGEST_SIGN = 10;

/**
 * The recipe that makes orders pass: for each thing that is wrong, the first way to mend it that does so in all of them.
 * Undefined when that makes none pass. No value is made up, and a total is added up anew only where the total itself is
 * what is wrong from the start.
 */
export function propose(orders: readonly unknown[], { issuesOf, sumFields }: Judging): Proposal | undefined {
  const first = orders.flatMap((order) => issuesOf(order).map(causeOf));
  const given = new Set(first);
  const after = (steps: Step[]) =>
    orders.map((order) =>
      steps.length === 0 ? order : apply({ version: 1, steps }, order, sumFields).order,
    );
  let steps: Step[] = [];
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const now = after(steps);
    const wrong = now.flatMap((order) =>
      issuesOf(order).filter((issue) => given.has(causeOf(issue)) || !isTotal(issue)),
    );
    const better = wrong
      .filter((issue, at) => wrong.findIndex((each) => causeOf(each) === causeOf(issue)) === at)
      .flatMap((issue) =>
        candidates(issue, now).map((more) => ({ cause: causeOf(issue), steps: [...steps, ...more] })),
      )
      .find(({ cause, steps: tried }) =>
        after(tried).every(
          (order) => order !== undefined && !issuesOf(order).some((each) => causeOf(each) === cause),
        ),
      );
    if (!better) break;
    steps = better.steps;
  }
  const passes = after(steps).filter((order) => order !== undefined && issuesOf(order).length === 0).length;
  return steps.length > 0 && passes > 0
    ? { recipe: { version: 1, steps }, passes, of: orders.length }
    : undefined;
}

const isTotal = ({ code }: Issue) => code === 'order_value_mismatch';
const generalPath = (path: string) => path.replace(/\[\d+\]/g, '[*]');
const causeOf = ({ code, path }: Pick<Issue, 'code' | 'path'>) => `${code} ${generalPath(path)}`;

/** What may mend an issue, the simplest first. */
function candidates(issue: Issue, orders: readonly unknown[]): Step[][] {
  const at = generalPath(issue.path);
  if (readPlace(at) === undefined) return [];
  const values = valuesAt(orders, at);
  switch (issue.code) {
    case 'order_value_mismatch':
      return [...slipInLine(issue, orders), [{ do: 'recompute_total' }]];
    case 'missing_field':
      return [
        ...renames(at, orders),
        ...(at === 'order_value' ? [[{ do: 'recompute_total' } as const]] : []),
      ];
    case 'bad_timestamp':
      return [[{ do: 'cast', at, to: 'time' }]];
    case 'out_of_range':
      return values.includes(0) ? dropped(at) : [];
    case 'wrong_type':
      return [...asNumbers(at, values), [{ do: 'cast', at, to: 'time' }], [{ do: 'cast', at, to: 'text' }]];
    default:
      return [];
  }
}

/** Of one order: added up anew, its total would cover up the price or quantity that is wrong. */
function slipInLine(issue: Issue, orders: readonly unknown[]): Step[][] {
  const fix = orders.length === 1 ? explainTotal(orders[0], [issue])?.fix : undefined;
  if (fix === undefined || fix.some(({ path }) => path === issue.path)) return [];
  return [fix.map(({ path, value }) => ({ do: 'set', at: path, value }))];
}

function valuesAt(orders: readonly unknown[], at: string): unknown[] {
  const values: unknown[] = [];
  const place = readPlace(at) ?? [];
  for (const order of orders) {
    try {
      changeAt(order, place, (value) => {
        values.push(value);
        return value;
      });
    } catch {
      // The way there is no object or list in this one.
    }
  }
  return values;
}

/** Text of numbers: as it is, with a decimal comma, and with what all of them have before or behind, a currency sign say. */
function asNumbers(at: string, values: readonly unknown[]): Step[][] {
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length === 0) return [];
  const comma: Step = { do: 'decimal_comma', at };
  const number: Step = { do: 'text_to_number', at };
  const signs = new Set(texts.flatMap((text) => text.match(/[^\d.,+\-\s\u00a0]+/gu) ?? []));
  const bare: Step[] = [...signs]
    .filter((sign) => sign.length <= LONGEST_SIGN)
    .slice(0, 3)
    .map((sign) => ({ do: 'replace', at, find: sign, with: '' }));
  const ways = [[comma], [number], [comma, number]];
  return bare.length === 0 ? ways : [bare, ...ways.map((steps) => [...bare, ...steps])];
}

/** A line that is wrong as a whole can go: nothing was bought of it. */
function dropped(at: string): Step[][] {
  const [, lines, where] = /^(.+)\[\*\]\.([^.[\]]+)$/.exec(at) ?? [];
  return lines && where ? [[{ do: 'drop_line', at: lines, where, equals: 0 }]] : [];
}

/** Fields that stand beside the missing one; those whose name is most like it first. */
function renames(at: string, orders: readonly unknown[]): Step[][] {
  const to = at.slice(at.lastIndexOf('.') + 1);
  const holder = at.slice(0, Math.max(0, at.length - to.length - 1));
  const holders = holder === '' ? orders : valuesAt(orders, holder);
  const names = new Set(
    holders.flatMap((each) => (isRecord(each) ? Object.keys(each).slice(0, MOST_FIELDS) : [])),
  );
  const plain = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  return [...names]
    .filter((name) => name !== to && alike(plain(name), plain(to)) && readPlace(name)?.length === 1)
    .sort((a, b) => Number(plain(b) === plain(to)) - Number(plain(a) === plain(to)))
    .map((name) => [{ do: 'rename', at: holder === '' ? name : `${holder}.${name}`, to }]);
}

/** The same but for how words are joined, or one within the other: `userId`, `unitPrice` and `price`. */
const alike = (one: string, other: string): boolean =>
  one.length > 1 && (other.includes(one) || one.includes(other) || sharedWord(one, other));

const WORDS: readonly (readonly string[])[] = [
  ['quantity', 'qty', 'count', 'amount', 'units'],
  ['priceperunit', 'price', 'unitprice', 'amount'],
  ['productid', 'sku', 'product', 'article', 'itemid'],
  ['userid', 'customerid', 'customer', 'buyerid', 'clientid'],
  ['orderid', 'ordernumber', 'orderno', 'id', 'number'],
  ['ordervalue', 'total', 'totalprice', 'amount', 'value', 'ordertotal', 'grandtotal'],
  ['items', 'lines', 'lineitems', 'products', 'positions'],
];

const sharedWord = (one: string, other: string): boolean =>
  WORDS.some(([meant = '', ...names]) => meant === other && names.includes(one));

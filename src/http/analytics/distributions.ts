/** Orders of about one value, in minor units. */
export interface OfValue {
  value: number;
  orders: number;
  minorUnits: number;
}

const PERCENTS = [5, 25, 50, 75, 90, 95, 99];

/** By nearest rank. `values` are in order and make up `orders`; none of nothing. */
export function percentilesOf(
  values: readonly OfValue[],
  orders: number,
): { percent: number; value: number }[] {
  const found: { percent: number; value: number }[] = [];
  let sum = 0;
  for (const each of values) {
    sum += each.orders;
    for (let next = PERCENTS[found.length]; next !== undefined; next = PERCENTS[found.length]) {
      if (sum * 100 < next * orders) break;
      found.push({ percent: next, value: each.value });
    }
  }
  return found;
}

export interface ValueStep {
  from: number;
  to: number;
  orders: number;
  minorUnits: number;
}

/** In steps of 1, 2 and 5 of the currency; all between the first with orders and the last. `values` are in order. */
export function valueSteps(values: readonly OfValue[]): ValueStep[] {
  const [first, last] = [values[0], values.at(-1)];
  if (!first || !last) return [];
  const steps = [{ from: 0, to: 100, orders: 0, minorUnits: 0 }];
  for (let from = 100, at = 0; from <= last.value; at += 1) {
    const to = from * (at % 3 === 1 ? 2.5 : 2);
    steps.push({ from, to, orders: 0, minorUnits: 0 });
    from = to;
  }
  for (const each of values) {
    const step = steps.findLast(({ from }) => from <= each.value) as ValueStep;
    step.orders += each.orders;
    step.minorUnits += each.minorUnits;
  }
  return steps.slice(steps.findIndex(({ to }) => to > first.value));
}

export interface OfCount {
  orders: number;
  users: number;
  minorUnits: number;
}

const COUNTS = [1, 2, 3, 4, 5, 6, 11, 21, 51, 101];

/** Users by their orders, in steps that grow. */
export const customerSteps = (counts: readonly OfCount[]) =>
  COUNTS.map((from, at) => {
    const to = COUNTS[at + 1] === undefined ? null : (COUNTS[at + 1] as number) - 1;
    const within = counts.filter(({ orders }) => orders >= from && (to === null || orders <= to));
    return {
      from,
      to,
      users: within.reduce((sum, { users }) => sum + users, 0),
      minorUnits: within.reduce((sum, { minorUnits }) => sum + minorUnits, 0),
    };
  });

import * as z from 'zod';

/** What of one order is learned, as plain JSON: the same for every worker that reads it. */
export interface Observation {
  /** The user, by a hash. */
  user: number;
  /** What its order ids begin with, letters only: as near to a sender as an order tells. */
  source: string;
  orderMask: string;
  userMask: string;
  /** Bits of LACKS. */
  lacks: number;
  payment: string | undefined;
  /** See places.ts; empty when there is no address, or when another check doubts it. */
  chain: readonly number[];
  lines: readonly ObservedLine[];
}

export interface ObservedLine {
  product: string;
  price: number;
  quantity: number;
  /** Bits of FLAGGED. */
  flagged: number;
}

/** What an order may lack. */
export const LACKS = ['payment_method', 'shipping_address', 'order_timestamp'] as const;

export const FLAGGED = { price: 1, quantity: 2 } as const;

export type PackedObservation = [
  number,
  string,
  string,
  string,
  number,
  string | 0,
  readonly number[],
  ...(string | number)[],
];

const LINE = 4;
/** A number that is none would be in every sum that it gets into, for good. */
export const observationShape = z
  .tuple(
    [
      z.number(),
      z.string(),
      z.string(),
      z.string(),
      z.int(),
      z.union([z.string(), z.literal(0)]),
      z.array(z.number()),
    ],
    z.union([z.string(), z.number().min(0)]),
  )
  .refine(([, , , , , , , ...flat]) =>
    Array.from({ length: Math.ceil(flat.length / LINE) }, (_, at) =>
      flat.slice(at * LINE, (at + 1) * LINE),
    ).every(
      ([product, price, quantity, flagged]) =>
        typeof product === 'string' &&
        typeof price === 'number' &&
        typeof quantity === 'number' &&
        quantity > 0 &&
        typeof flagged === 'number',
    ),
  );

export function packed(one: Observation): PackedObservation {
  const { user, source, orderMask, userMask, lacks, payment = 0, chain, lines } = one;
  return [
    user,
    source,
    orderMask,
    userMask,
    lacks,
    payment,
    chain,
    ...lines.flatMap(({ product, price, quantity, flagged }) => [product, price, quantity, flagged]),
  ];
}

export function unpacked(row: PackedObservation): Observation {
  const [user, source, orderMask, userMask, lacks, payment, chain, ...flat] = row;
  const lines: ObservedLine[] = [];
  for (let at = 0; at < flat.length; at += LINE) {
    const [product, price, quantity, flagged] = flat.slice(at, at + LINE) as [string, number, number, number];
    lines.push({ product, price, quantity, flagged });
  }
  return {
    user,
    source,
    orderMask,
    userMask,
    lacks,
    payment: payment === 0 ? undefined : payment,
    chain,
    lines,
  };
}

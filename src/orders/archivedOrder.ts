import type { Order } from './order.ts';

/** The message that an order came with. */
export interface Origin {
  messageId: string;
  /** When SQS received it, ISO, UTC. */
  receivedAt: string;
}

/** What the history keeps of a counted order. Times are ISO, UTC. */
export interface ArchivedOrder {
  userId: string;
  orderId: string;
  minorUnits: number;
  /** As in the ledger, hexadecimal. */
  digest: string;
  placedAt: string;
  day: string;
  receivedAt: string;
  messageId: string;
  currency: string;
  paymentMethod: string | null;
  items: ArchivedItem[];
  address: string | null;
}

/** Numbers as exact decimal text. */
export interface ArchivedItem {
  productId: string;
  quantity: string;
  pricePerUnit: string;
}

type Line = [
  userId: string,
  orderId: string,
  minorUnits: number,
  digest: string,
  placedAt: string,
  receivedAt: string,
  messageId: string,
  currency: string,
  paymentMethod: string | null,
  /** Three values for each. */
  items: (string | number)[],
  address?: string,
];

/** A line without a line end: it waits in Redis until it is in PostgreSQL, so it is short. */
export function archiveLine(
  order: Order,
  origin: Origin,
  digest: Buffer,
  { addresses }: { addresses: boolean },
): string {
  const line: Line = [
    order.userId,
    order.orderId,
    order.minorUnits,
    digest.toString('base64url'),
    order.placedAt,
    origin.receivedAt,
    origin.messageId,
    order.currency,
    order.paymentMethod ?? null,
    order.items.flatMap((item) => [item.productId, item.quantity, item.pricePerUnit]),
  ];
  if (addresses && order.shippingAddress !== undefined) line.push(order.shippingAddress);
  return JSON.stringify(line);
}

/** Throws what JSON.parse throws. */
export function readArchiveLine(text: string): ArchivedOrder {
  const line = JSON.parse(text) as Line;
  const [userId, orderId, minorUnits, digest, placedAt, receivedAt, messageId, currency, paymentMethod] =
    line;
  const [flat, address] = [line[9], line[10]];
  const items: ArchivedItem[] = [];
  for (let at = 0; at < flat.length; at += 3) {
    items.push({
      productId: String(flat[at]),
      quantity: String(flat[at + 1]),
      pricePerUnit: String(flat[at + 2]),
    });
  }
  return {
    userId,
    orderId,
    minorUnits,
    digest: Buffer.from(digest, 'base64url').toString('hex'),
    placedAt,
    day: placedAt.slice(0, 10),
    receivedAt,
    messageId: storable(messageId),
    currency,
    paymentMethod: paymentMethod === null ? null : storable(paymentMethod),
    items,
    address: address === undefined ? null : storable(address),
  };
}

/** PostgreSQL has no NUL in text. Ids hold no control characters; whatever else a sender writes may. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

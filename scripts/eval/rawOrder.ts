import Big from 'big.js';

export interface RawItem {
  product_id: string;
  quantity: number;
  price_per_unit: number;
}

/** An order as a shop sends it. */
export interface RawOrder {
  order_id: string;
  user_id: string;
  order_timestamp?: string;
  order_value: number;
  items: RawItem[];
  payment_method?: string;
  shipping_address?: string;
}

/** What the items come to, rounded half up to the cent. */
export const totalOf = (items: readonly RawItem[]): number =>
  items
    .reduce((sum, item) => sum.plus(new Big(item.price_per_unit).times(item.quantity)), new Big(0))
    .round(2, Big.roundHalfUp)
    .toNumber();

export const copyOf = (order: RawOrder): RawOrder => ({
  ...order,
  items: order.items.map((item) => ({ ...item })),
});

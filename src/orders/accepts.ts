/** What real shops send although the rules are stricter: each can be opened by name (ORDER_ACCEPTS). */
export type Accepted =
  /** `order_value`, and the further fields of the sum, as plain decimal text. */
  | 'text_value'
  /** `order_timestamp` as seconds or milliseconds since 1970. */
  | 'epoch_time'
  /** Lines of quantity 0; they are dropped. */
  | 'zero_quantity'
  /** Quantities of up to three decimals. */
  | 'fractional_quantity'
  /** An optional field of the wrong type, or blank: it counts as missing and is noted. */
  | 'loose_optional';

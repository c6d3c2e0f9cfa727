/** `10500` → `10,500` */
export const whole = (count: number): string => count.toLocaleString('en-US');

/** `123456` cents → `1,234.56` */
export const money = (cents: number): string =>
  (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

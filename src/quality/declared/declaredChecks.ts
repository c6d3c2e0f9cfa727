import type { Check } from '../check.ts';
import { addressChecks } from './address.ts';
import { priceOverLimit, quantityOverLimit } from './amounts.ts';
import { paymentChecks } from './payment.ts';
import { twoPrices } from './products.ts';
import { type Repeats, repeats } from './repeats.ts';
import { epochSeconds, timeInFuture, timeTooOld } from './times.ts';

export interface Declared extends Omit<Repeats, 'checks'> {
  checks: readonly Check[];
}

/** The rules that hold for any shop. One set for each process: some remember what they saw of its orders. */
export function declaredChecks(): Declared {
  const { checks, drain, absorb } = repeats();
  return {
    checks: [
      timeInFuture,
      timeTooOld,
      epochSeconds,
      quantityOverLimit,
      priceOverLimit,
      twoPrices,
      ...paymentChecks(),
      ...addressChecks(),
      ...checks,
    ],
    drain,
    absorb,
  };
}

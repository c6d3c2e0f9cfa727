import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Check } from '../../src/quality/check.ts';
import type { Finding } from '../../src/quality/finding.ts';
import { MOST_FINDINGS } from '../../src/quality/review.ts';
import { anOrder } from '../support/orders.ts';
import { anOrderOf, NOW, newReview, parse, RECEIVED_AT, rulesOf } from './judging.ts';

const saying = (id: string, found: Partial<Finding>[]): Check => ({
  id,
  version: 1,
  family: 'own',
  judge: () =>
    found.map((each) => ({
      rule: id,
      version: 1,
      path: '',
      key: '',
      severity: 'info',
      observed: '',
      expected: '',
      confidence: 0.5,
      ...each,
    })),
});

describe('a review', () => {
  it('leaves out a check that throws and counts how often', () => {
    const broken: Check = {
      ...saying('broken', []),
      judge: () => {
        throw new Error('of this order');
      },
      learn: () => {
        throw new Error('of this order');
      },
    };
    const { count, faults } = newReview([saying('first', [{}]), broken, saying('last', [{}])]);
    expect(rulesOf(count(anOrderOf()))).toEqual(['first', 'last']);
    expect([...faults()]).toEqual([['broken', 2]]);
  });

  it('says the gravest first, and of a thousand things not all', () => {
    const many = Array.from({ length: 1_000 }, () => ({ severity: 'info' as const }));
    const { review } = newReview([saying('many', many), saying('grave', [{ severity: 'hold' }])]);
    const findings = review(anOrderOf());
    expect(findings).toHaveLength(MOST_FINDINGS);
    expect(findings[0]?.rule).toBe('grave');
  });

  it('quotes nothing that steers a terminal, and no megabyte', () => {
    const hostile = `\u001b[2J\u202e${'x'.repeat(1_000_000)}`;
    const [finding] = newReview([
      saying('loud', [{ observed: hostile, key: hostile, expected: hostile }]),
    ]).review(anOrderOf()) as [Finding];
    for (const text of [finding.observed, finding.expected, finding.key]) {
      expect(text.length).toBeLessThanOrEqual(200);
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });
});

const id = fc.stringMatching(/^[A-Z]{1,4}-?[0-9]{3,8}$/);
const cents = fc.integer({ min: 1, max: 500_000 });
const street = fc.constantFrom('Main St', 'Elm Street', 'rue Haute', 'Lindenweg', 'Via Roma', '銀座');
const sane = fc
  .record({
    order_id: id,
    user_id: id,
    order_timestamp: fc
      .date({ min: new Date('2001-01-01'), max: new Date(NOW), noInvalidDate: true })
      .map((date) => date.toISOString()),
    items: fc.uniqueArray(
      fc.record({ product_id: id, quantity: fc.integer({ min: 1, max: 5_000 }), cents }),
      { minLength: 1, maxLength: 12, selector: ({ product_id }) => product_id },
    ),
    payment_method: fc.option(
      fc.constantFrom(
        'CreditCard',
        'PayPal',
        'bank transfer',
        'Klarna',
        'Visa',
        'Cash on Delivery',
        'iDEAL',
        'Apple Pay',
      ),
      { nil: undefined },
    ),
    shipping_address: fc.option(
      fc
        .tuple(fc.nat(999), street, fc.constantFrom('Springfield', 'Wien', 'København', '大阪'))
        .map(([number, name, town]) => `${number} ${name}, ${town}`),
      { nil: undefined },
    ),
  })
  .map(({ items, ...order }) => ({
    ...order,
    order_value: items.reduce((sum, line) => sum + line.quantity * line.cents, 0) / 100,
    items: items.map(({ cents: price, ...line }) => ({ ...line, price_per_unit: price / 100 })),
  }));

describe('the declared rules', () => {
  it('say nothing of a sane order', () => {
    fc.assert(
      fc.property(sane, (order) => {
        expect(newReview().review(parse(order, RECEIVED_AT))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('take whatever an order may hold, in every script, quickly enough to be asked of each', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom(
        '__proto__',
        'constructor',
        '\u202e',
        'ﷺ'.repeat(50),
        'İ'.repeat(300),
        'a'.repeat(100_000),
      ),
    );
    fc.assert(
      fc.property(text, text, (payment_method, shipping_address) => {
        const { count, faults } = newReview();
        const order = anOrderOf({ payment_method, shipping_address });
        expect(count(order).length).toBeLessThanOrEqual(2);
        expect([...faults()]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('take an order of a thousand lines of one product at a thousand prices', () => {
    const items = Array.from({ length: 1_000 }, (_, at) => ({
      product_id: '__proto__',
      quantity: 1,
      price_per_unit: at + 1,
    }));
    const order = parse(anOrder({ items, order_value: 500_500, order_timestamp: undefined }), RECEIVED_AT);
    const { review, faults } = newReview();
    expect(review(order)).toHaveLength(MOST_FINDINGS);
    expect([...faults()]).toEqual([]);
  });
});

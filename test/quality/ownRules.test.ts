import { describe, expect, it } from '@jest/globals';
import { isLike } from '../../src/quality/own/conditions.ts';
import { OwnRulesError, ownRuleChecks } from '../../src/quality/own/ownRules.ts';
import { anOrderOf, newReview, rulesOf, withLines } from './judging.ts';

const rule = (text: string) =>
  `version: 1\nrules:\n  - { id: mine, severity: warn, message: Look at it, ${text} }\n`;
const judged = (text: string, changes: Record<string, unknown> = {}) =>
  newReview(ownRuleChecks(rule(text))).review(anOrderOf(changes));

describe('own rules', () => {
  it('say what the shop wrote, of the line as it was sent', () => {
    expect(
      judged('field: "items[*].quantity", when: { above: 500 }', withLines(['P1', 1, 2], ['P2', 501, 2])),
    ).toEqual([
      {
        rule: 'own_mine',
        version: 1,
        path: 'items[1].quantity',
        key: 'P2',
        severity: 'warn',
        observed: '501',
        expected: 'Look at it',
        confidence: 1,
      },
    ]);
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ['field: order_value, when: { above: 1999.99, below: 2000.01 }', {}, true],
    ['field: order_value, when: { above: 2000 }', {}, false],
    ['field: items, when: { is: [2, 3] }', {}, true],
    ['field: payment_method, when: { is: creditcard }', {}, true],
    ['field: payment_method, when: { is_not: [CreditCard, PayPal] }', {}, false],
    ['field: payment_method, when: { is_not: PayPal }', { payment_method: undefined }, false],
    ['field: payment_method, when: { missing: true }', { payment_method: undefined }, true],
    ['field: order_id, when: { unlike: "ORD####" }', {}, false],
    ['field: order_id, when: { unlike: "WEB-*" }', {}, true],
    ['field: shipping_address, when: { like: "*springfield*" }', {}, true],
    ['field: order_timestamp, when: { before: 2026-06-20 }', {}, false],
    ['field: order_timestamp, when: { after: "2026-06-20T10:00:00Z" }', {}, true],
    ['field: "items[*].product_id", when: { like: P00? }', {}, true],
  ])('%s', (text, changes, speaks) => {
    expect(judged(text, changes).length > 0).toBe(speaks);
  });

  it('quote neither an address nor a user', () => {
    for (const field of ['shipping_address', 'user_id']) {
      const [finding] = judged(`field: ${field}, when: { missing: false }`);
      expect(JSON.stringify(finding)).not.toMatch(/springfield|U0001/i);
    }
  });

  it('are each their own', () => {
    const text =
      'version: 1\nrules:\n  - { id: a, severity: hold, message: x, field: items, when: { above: 0 } }\n  - { id: b, severity: info, message: y, field: items, when: { above: 0 } }\n';
    expect(rulesOf(newReview(ownRuleChecks(text)).review(anOrderOf()))).toEqual(['own_a', 'own_b']);
  });

  it.each([
    ['field: order_value, when: { above: "5" }', 'line 3: rules[0].when.above must be number, got "5"'],
    ['field: total, when: { above: 5 }', 'line 3: rules[0].field must be a field of an order'],
    ['field: payment_method, when: { above: 5 }', 'line 3: rules[0].when has "above", which nothing reads'],
    ['field: order_value, when: {}', 'line 3: rules[0].when must say something of the value, got {}'],
    ['field: order_value', 'line 3: rules[0].when is missing'],
    ['field: order_value, when: { above: .inf }', 'line 3: rules[0].when.above must be number, got Infinity'],
    [
      'field: items, when: &a { above: *a }',
      'line 3: rules[0].when.above must be number, got what has itself in it',
    ],
    [
      'field: order_timestamp, when: { before: soon }',
      'line 3: rules[0].when.before must be a day or a time such as 2026-01-31, got "soon"',
    ],
    [
      'field: order_id, when: { is: A }, __proto__: 1',
      'line 3: rules[0] has "__proto__", which nothing reads',
    ],
  ])('that cannot be read name line, field and value: %s', (text, problem) => {
    expect(() => ownRuleChecks(rule(text))).toThrow(problem);
  });

  it.each([
    '',
    'a: [1',
    '[]',
    'version: 2',
    `version: 1\nrules: ${'['.repeat(50_000)}`,
    'x'.repeat(300_000),
    '!!js/function "x"',
    'version: 1\nrules: &a [*a]',
  ])('are never half taken: %.20s', (text) => expect(() => ownRuleChecks(text)).toThrow(OwnRulesError));

  it('name a second rule of the same name', () => {
    const text =
      'version: 1\nrules:\n  - { id: a, severity: info, message: x, field: items, when: { above: 0 } }\n  - { id: a, severity: info, message: y, field: items, when: { above: 0 } }\n';
    expect(() => ownRuleChecks(text)).toThrow('line 4: two rules are called "a"');
  });

  it('compare a long text with an unkind pattern in time', () => {
    expect(isLike('A'.repeat(1_000), `${'*A'.repeat(90)}*B`)).toBe(false);
    expect(isLike('ORD12', 'ORD#*')).toBe(true);
    expect(isLike('', '*')).toBe(true);
  });
});

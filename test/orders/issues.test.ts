import { describe, expect, it } from '@jest/globals';
import { InvalidOrder, type Issue, REASONS } from '../../src/orders/invalidOrder.ts';
import { refused, where } from './parsing.ts';

const faulty = (count: number): Record<string, unknown> => ({
  items: Array(count).fill({ product_id: 'P1', quantity: 0, price_per_unit: 1 }),
});

describe('everything wrong with an order', () => {
  it('is reported at once, with its place', () => {
    const { issues } = refused({
      order_id: '  ',
      user_id: null,
      order_value: '10',
      items: [
        { product_id: 'P1', quantity: 'two', price_per_unit: 5 },
        'P2',
        { quantity: 1, price_per_unit: -5 },
      ],
      order_timestamp: '2024-02-30',
      currency: 'EUR',
      payment_method: 7,
      shipping_address: 7,
    });
    expect(issues.map(where).sort()).toEqual([
      'bad_timestamp at order_timestamp',
      'currency_mismatch at currency',
      'missing_field at items[2].product_id',
      'missing_field at order_id',
      'missing_field at user_id',
      'out_of_range at items[2].price_per_unit',
      'wrong_type at items[0].quantity',
      'wrong_type at items[1]',
      'wrong_type at order_value',
      'wrong_type at payment_method',
      'wrong_type at shipping_address',
    ]);
  });

  it('includes a wrong total beside wrong fields', () => {
    const { issues, reasons } = refused({ user_id: '', order_value: 201, order_timestamp: 'soon' });
    expect(issues.map(where)).toEqual([
      'missing_field at user_id',
      'bad_timestamp at order_timestamp',
      'order_value_mismatch at order_value',
    ]);
    expect(reasons).toEqual(['missing_field', 'bad_timestamp', 'order_value_mismatch']);
  });

  it.each([
    ['the total is not a number', { order_value: 'much' }],
    ['one item has no price', { items: [{ product_id: 'P1', quantity: 1 }] }],
    ['one item is no object', { items: [{ product_id: 'P1', quantity: 1, price_per_unit: 1 }, 5] }],
    ['there are no items', { items: [] }],
  ])('says nothing about the sum when %s: there is nothing to compare', (_, changes) => {
    expect(refused(changes).reasons).not.toContain('order_value_mismatch');
  });

  it('includes a wrong total when only a product id is wrong: the amounts are all there', () => {
    const { issues } = refused({ items: [{ product_id: '', quantity: 1, price_per_unit: 7 }] });
    expect(issues.map(where)).toEqual([
      'missing_field at items[0].product_id',
      'order_value_mismatch at order_value',
    ]);
  });

  it('has a reason out of the closed list, a message and a place for each', () => {
    for (const { code, path, message } of refused({ user_id: '', order_value: -1, currency: 'EUR' }).issues) {
      expect(REASONS).toContain(code);
      expect(message).toMatch(new RegExp(`^${path} `));
    }
  });
});

describe('the reasons as an operator reads them', () => {
  it('are one plain sentence as the message', () => {
    expect(refused({ user_id: '', currency: 'EUR' }).message).toBe(
      'missing_field: user_id must not be empty; currency_mismatch: currency must be USD',
    );
  });

  it('are a line each in the stack, with what was expected and received', () => {
    expect(refused({ user_id: '', currency: 'EUR' }).stack).toBe(
      'missing_field at user_id: user_id must not be empty, expected non-empty string, received ""\n' +
        'currency_mismatch at currency: currency must be USD, expected USD, received "EUR"',
    );
  });

  it('say `the order` where no field is to blame', () => {
    const error = new InvalidOrder([{ code: 'invalid_json', path: '', message: 'the message is not JSON' }]);
    expect(error.stack).toBe('invalid_json at the order: the message is not JSON');
  });

  it('are all spelled out up to twenty', () => {
    const { message, stack } = refused(faulty(20));
    expect(stack?.split('\n')).toHaveLength(20);
    expect(message).not.toContain('more');
  });

  it('are counted past twenty, so that one bad file cannot fill Redis', () => {
    const { message, stack, issues } = refused(faulty(1_000));
    expect(issues).toHaveLength(1_000);
    expect(stack?.split('\n')).toHaveLength(21);
    expect(stack).toMatch(/\nand 980 more$/);
    expect(message).toMatch(/; and 980 more$/);
    expect(message).toContain('items[19].quantity');
    expect(message).not.toContain('items[20].quantity');
  });

  it('name each reason once for grouping', () => {
    const issue = (code: Issue['code']): Issue => ({ code, path: 'x', message: 'm' });
    const error = new InvalidOrder([issue('wrong_type'), issue('no_items'), issue('wrong_type')]);
    expect(error.reasons).toEqual(['wrong_type', 'no_items']);
  });
});

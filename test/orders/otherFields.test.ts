import { describe, expect, it } from '@jest/globals';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { anOrder } from '../support/orders.ts';
import { issuesOf, parsed, parsedValue, refused, refusedValue, where } from './parsing.ts';

describe('an order', () => {
  it.each([
    ['null', null, 'null'],
    ['an array', [anOrder()], 'array'],
    ['a string', JSON.stringify(anOrder()), 'string'],
    ['a number', 42, 'number'],
    ['a number of many digits', new ExactNumber('820982911946154508'), 'number'],
    ['a boolean', false, 'boolean'],
    ['nothing', undefined, 'undefined'],
  ])('is refused when it is %s', (_, value, received) => {
    const error = refusedValue(value);
    expect(error.issues).toEqual([
      {
        code: 'not_an_object',
        path: '',
        message: 'an order must be a JSON object',
        expected: 'object',
        received,
      },
    ]);
  });

  it('names every required field when it is an empty object', () => {
    expect(refusedValue({}).issues.map(where)).toEqual([
      'missing_field at order_id',
      'missing_field at user_id',
      'missing_field at order_value',
      'missing_field at items',
    ]);
  });

  it('may carry fields nobody asked for, at any depth', () => {
    const item = { product_id: 'P1', quantity: 1, price_per_unit: 5, colour: { r: 1 } };
    const order = parsed({ order_value: 5, items: [item], channel: 'web', nested: [[{}]] });
    expect(order).toEqual(parsed({ order_value: 5, items: [{ ...item, colour: undefined }] }));
  });

  it('takes nothing from keys that would change a prototype', () => {
    const text = JSON.stringify(anOrder()).replace(
      '{',
      '{"__proto__":{"order_value":1,"polluted":true},"constructor":{"prototype":{"polluted":true}},',
    );
    expect(parsedValue(JSON.parse(text))).toEqual(parsed());
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('does not find a required field in its prototype', () => {
    const { user_id, ...rest } = anOrder();
    const text = JSON.stringify(rest).replace('{', `{"__proto__":{"user_id":${JSON.stringify(user_id)}},`);
    expect(refusedValue(JSON.parse(text)).issues.map(where)).toEqual(['missing_field at user_id']);
  });

  it('is refused with reasons when a field is nested deeper than the stack goes', () => {
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(issuesOf({ user_id: deep })).toEqual(['wrong_type at user_id']);
    expect(parsed({ note: deep })).toEqual(parsed());
  });
});

describe('currency', () => {
  it.each([[undefined], [null]])('is the one that counts when it is %p', (currency) => {
    expect(parsed({ currency }).currency).toBe('USD');
    expect(parsed({ currency }, { currency: 'EUR' }).currency).toBe('EUR');
  });

  it.each([['USD'], ['usd'], [' Usd ']])('%j is the configured one', (currency) => {
    expect(parsed({ currency }).currency).toBe('USD');
  });

  it('follows the configuration', () => {
    expect(parsed({ currency: 'eur' }, { currency: 'EUR' }).currency).toBe('EUR');
    expect(issuesOf({ currency: 'USD' }, { currency: 'EUR' })).toEqual(['currency_mismatch at currency']);
  });

  it.each([['EUR'], [''], ['US Dollar']])('%j is refused, naming the one that counts', (currency) => {
    const { issues } = refused({ currency });
    expect(issues.map(where)).toEqual(['currency_mismatch at currency']);
    expect(issues[0]?.expected).toBe('USD');
  });

  it.each([[840], [{}], [true]])('%j is of the wrong type', (currency) => {
    expect(issuesOf({ currency })).toEqual(['wrong_type at currency']);
  });
});

describe('payment_method', () => {
  it('is trimmed and upper-cased', () => {
    expect(parsed({ payment_method: ' CreditCard ' }).paymentMethod).toBe('CREDITCARD');
  });

  it.each([[undefined], [null]])('may be %p', (payment_method) => {
    expect(parsed({ payment_method }).paymentMethod).toBeUndefined();
  });

  it('is spelled one way, whatever nobody sees in it', () => {
    expect(parsed({ payment_method: '\u200bcafe\u0301\ufeff' }).paymentMethod).toBe('CAF\u00c9');
    expect(parsed({ payment_method: 'A\u200bB' }).paymentMethod).toBe('A\u200bB');
  });

  it('is refused when it is no text', () => {
    expect(issuesOf({ payment_method: new ExactNumber('1e400') })).toEqual(['wrong_type at payment_method']);
    expect(issuesOf({ payment_method: { type: 'card' } })).toEqual(['wrong_type at payment_method']);
    expect(issuesOf({ payment_method: 3 })).toEqual(['wrong_type at payment_method']);
  });
});

describe('shipping_address', () => {
  it('is trimmed', () => {
    expect(parsed({ shipping_address: ' 321 Pine St ' }).shippingAddress).toBe('321 Pine St');
  });

  it.each([
    ['text', '321 Pine St, Springfield'],
    ['a list', ['321 Pine St', 'Springfield']],
    ['an object', { street: '321 Pine St', town: 'Springfield' }],
    ['a number', 321],
  ])('given as %s never shows in a reason, whatever else is wrong', (_, shipping_address) => {
    const error = refused({
      shipping_address,
      user_id: '',
      order_value: 'much',
      order_timestamp: 'late',
      currency: 'EUR',
      items: [{ product_id: 'P1', quantity: 0, price_per_unit: -1 }],
    });
    const told = `${error.message}\n${error.stack}\n${JSON.stringify(error.issues)}`;
    expect(told).not.toMatch(/321|Pine|Springfield/);
  });

  it('is refused when it is no text, saying only what kind it is', () => {
    expect(refused({ shipping_address: ['321 Pine St'] }).issues).toEqual([
      {
        code: 'wrong_type',
        path: 'shipping_address',
        message: 'shipping_address must be a string',
        expected: 'string',
        received: 'array',
      },
    ]);
  });
});

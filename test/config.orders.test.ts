import { describe, expect, it } from '@jest/globals';
import { type ConfigError, readConfig } from '../src/config/config.ts';

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    return (error as ConfigError).problems;
  }
  return [];
}

describe('CURRENCY', () => {
  it.each([
    ['JPY', 'no decimals'],
    ['krw', 'no decimals'],
    ['KWD', 'three decimals'],
    ['bhd', 'three decimals'],
    ['CLF', 'four decimals'],
    ['XAU', 'no decimals of its own'],
  ])('%s is refused with the reason', (code, decimals) => {
    expect(problemsOf({ CURRENCY: code })).toEqual([
      'CURRENCY must be a currency with two decimals, because totals are kept in cents; ' +
        `${code.toUpperCase()} has ${decimals}, got "${code}"`,
    ]);
  });

  it.each(['USD', 'eur', 'MRU', 'HUF', 'TWD'])('%s has two decimals', (code) => {
    expect(readConfig({ CURRENCY: code }).rules.currency).toBe(code.toUpperCase());
  });

  it('of four letters is no code', () => {
    expect(problemsOf({ CURRENCY: 'JPYX' })).toEqual([
      'CURRENCY must be a currency code of three letters, got "JPYX"',
    ]);
  });
});

describe('MAX_ORDER_VALUE', () => {
  it.each(['0.01', '1', '50.5', '70368744177', '1000000000.00'])('may be %s, which stays text', (most) => {
    expect(readConfig({ MAX_ORDER_VALUE: most }).rules.maxOrderValue).toBe(most);
  });

  it.each(['0', '0.00', '-1', '1e9', '0.001', '1,000', '70368744177.01', '9'.repeat(30), 'many'])(
    'is refused as %s: a thousand orders of it must fit into a total',
    (most) => {
      expect(problemsOf({ MAX_ORDER_VALUE: most })).toEqual([
        `MAX_ORDER_VALUE must be an amount from 0.01 to 70368744177, with a point and two decimals at most, got "${most}"`,
      ]);
    },
  );
});

describe('ORDER_ACCEPTS', () => {
  it('opens nothing unless told', () => {
    expect(readConfig({}).rules.accepts).toEqual([]);
  });

  it('opens what it names', () => {
    expect(readConfig({ ORDER_ACCEPTS: ' Text_Value, epoch_time,text_value' }).rules.accepts).toEqual([
      'text_value',
      'epoch_time',
    ]);
  });

  it.each([
    ['text_values', '"text_values"'],
    ['text_value,,epoch', '"", "epoch"'],
  ])('%s is refused, naming what it does not know', (value, named) => {
    expect(problemsOf({ ORDER_ACCEPTS: value })).toEqual([
      'ORDER_ACCEPTS must be any of text_value, epoch_time, zero_quantity, fractional_quantity, loose_optional, ' +
        `comma separated; ${named} is none of them, got "${value}"`,
    ]);
  });
});

describe('SUM_FIELDS', () => {
  it('names fields with a sign, also inside of others', () => {
    expect(readConfig({ SUM_FIELDS: 'tax, +shipping,-discount,totals.gift_wrap' }).rules.sumFields).toEqual([
      { path: ['tax'], sign: 1 },
      { path: ['shipping'], sign: 1 },
      { path: ['discount'], sign: -1 },
      { path: ['totals', 'gift_wrap'], sign: 1 },
    ]);
  });

  it.each(['tax,', 'tax,-tax', 'order_value', '-items.price', 'a b', 'tax.', '--tax', '2nd'])(
    '%j is refused',
    (value) => {
      expect(problemsOf({ SUM_FIELDS: value })).toEqual([
        'SUM_FIELDS must be further fields of an order, each once and with a minus when it is taken off, ' +
          `such as tax,shipping,-discount, got "${value}"`,
      ]);
    },
  );
});

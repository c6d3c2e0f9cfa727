import { describe, expect, it } from '@jest/globals';
import { isCalendarDay } from '../../src/orders/timestamp.ts';
import { issuesOf, parsed, RECEIVED_AT, refused } from './parsing.ts';

const placed = (order_timestamp: unknown) => parsed({ order_timestamp });

describe('order_timestamp', () => {
  it.each([
    ['2024-12-16T13:00:00Z', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T13:00:00z', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16t13:00:00Z', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16 13:00:00Z', '2024-12-16T13:00:00.000Z'],
    ['  2024-12-16T13:00:00Z ', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T13:00Z', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T13:00:00.5Z', '2024-12-16T13:00:00.500Z'],
    ['2024-12-16T13:00:00,25Z', '2024-12-16T13:00:00.250Z'],
    ['2024-12-16T13:00:00.123456789Z', '2024-12-16T13:00:00.123Z'],
    ['2024-02-29T23:59:59Z', '2024-02-29T23:59:59.000Z'],
    ['2000-02-29', '2000-02-29T00:00:00.000Z'],
    ['20241216T130000Z', '2024-12-16T13:00:00.000Z'],
    ['20241216T1300Z', '2024-12-16T13:00:00.000Z'],
    ['20241216t130000.5z', '2024-12-16T13:00:00.500Z'],
    ['20241216T130000', '2024-12-16T13:00:00.000Z'],
    ['20241216T140000+0100', '2024-12-16T13:00:00.000Z'],
    ['20241216', '2024-12-16T00:00:00.000Z'],
    ['20241216T13:00:00Z', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T130000Z', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T14:00:00+01:00[Europe/Paris]', '2024-12-16T13:00:00.000Z'],
    ['20241216T140000+0100[Europe/Paris]', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T13:00:00Z[Etc/UTC]', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T14:00+01:00[+01:00]', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T14:00+01:00[!Europe/Paris][u-ca=gregory]', '2024-12-16T13:00:00.000Z'],
    ['2024-12-16T10:00:00-03:00[America/Argentina/Buenos_Aires]', '2024-12-16T13:00:00.000Z'],
    ['0001-01-01', '0001-01-01T00:00:00.000Z'],
    ['0099-12-31T23:59:59Z', '0099-12-31T23:59:59.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('takes %s', (sent, instant) => {
    expect(placed(sent).timestamp).toBe(instant);
  });

  it.each([['2024-12-16T13:00:00'], ['2024-12-16 13:00'], ['2024-12-16T13:00:00.000']])(
    'means UTC without an offset, wherever this runs: %s',
    (sent) => {
      expect(placed(sent).placedAt).toBe('2024-12-16T13:00:00.000Z');
    },
  );

  it.each([
    ['2024-12-31T23:30:00-01:00', '2025-01-01T00:30:00.000Z', '2025-01-01'],
    ['2025-01-01T00:30:00+01:00', '2024-12-31T23:30:00.000Z', '2024-12-31'],
    ['2024-03-01T01:00:00+0530', '2024-02-29T19:30:00.000Z', '2024-02-29'],
    ['2024-02-29T20:00:00-08', '2024-03-01T04:00:00.000Z', '2024-03-01'],
    ['2024-12-16T13:00:00 +05:45', '2024-12-16T07:15:00.000Z', '2024-12-16'],
    ['2024-12-16T13:00:00-00:00', '2024-12-16T13:00:00.000Z', '2024-12-16'],
    ['0001-01-01T01:00:00+01:00', '0001-01-01T00:00:00.000Z', '0001-01-01'],
    ['9999-12-31T22:59:59-01:00', '9999-12-31T23:59:59.000Z', '9999-12-31'],
  ])('counts %s on the UTC day it falls on', (sent, instant, day) => {
    expect(placed(sent)).toMatchObject({ timestamp: instant, placedAt: instant, day });
  });

  it.each([
    ['a day that does not exist', '2024-02-30'],
    ['29 February of a common year', '2023-02-29T10:00:00Z'],
    ['29 February 1900', '1900-02-29'],
    ['a 13th month', '2024-13-01'],
    ['month 0', '2024-00-10'],
    ['day 0', '2024-01-00'],
    ['the 24th hour', '2024-12-16T24:00:00Z'],
    ['a basic day that does not exist', '20240230T130000Z'],
    ['signs in one half of a date', '2024-1216T130000Z'],
    ['signs in the other', '202412-16'],
    ['signs in one half of a time', '2024-12-16T13:0000Z'],
    ['a date and time without a T', '20241216130000'],
    ['a basic hour alone', '20241216T13Z'],
    ['a name in brackets that do not close', '2024-12-16T14:00:00+01:00[Europe/Paris'],
    ['something behind the brackets', '2024-12-16T14:00:00+01:00[Europe/Paris]Z'],
    ['two lines in the brackets', '2024-12-16T14:00:00+01:00[Europe\nParis]'],
    ['brackets alone', '[Europe/Paris]'],
    ['the 60th minute', '2024-12-16T13:60:00Z'],
    ['the 60th second', '2024-12-31T23:59:60Z'],
    ['year 0000', '0000-12-31'],
    ['an offset that goes back before year 0001', '0001-01-01T00:00:00+00:01'],
    ['an offset that goes past year 9999', '9999-12-31T23:59:59-00:01'],
    ['an offset of 24 hours', '2024-12-16T13:00:00+24:00'],
    ['an offset of 60 minutes', '2024-12-16T13:00:00+01:60'],
    ['a five-digit year', '12024-12-16'],
    ['an extended year', '+002024-12-16T13:00:00Z'],
    ['a two-digit year', '24-12-16'],
    ['a date of another order', '16/12/2024'],
    ['an hour alone', '2024-12-16T13Z'],
    ['a zone name', '2024-12-16T13:00:00 CET'],
    ['words', 'yesterday'],
    ['two lines', '2024-12-16\n2024-12-17'],
    ['NaN', 'NaN'],
    ['empty text', ''],
    ['digits of another script', '٢٠٢٤-١٢-١٦'],
  ])('refuses %s', (_, sent) => {
    expect(issuesOf({ order_timestamp: sent })).toEqual(['bad_timestamp at order_timestamp']);
  });

  it.each([[1_734_354_000], [true], [{}], [['2024-12-16']]])('refuses %j, which is no text', (sent) => {
    expect(issuesOf({ order_timestamp: sent })).toEqual(['wrong_type at order_timestamp']);
  });

  it.each([
    ['2024-W51-1', 'is a week date: write year, month and day'],
    ['2024W511T130000Z', 'is a week date: write year, month and day'],
    ['2024-351', 'is an ordinal date: write year, month and day'],
    ['2024351T130000Z', 'is an ordinal date: write year, month and day'],
    ['2024-12-16T24:00:00Z', 'has the hour 24: write 00:00 of the next day'],
    ['20241216T240000Z', 'has the hour 24: write 00:00 of the next day'],
    ['2016-12-31T23:59:60Z', 'has a leap second, which is no instant of its own: write second 59'],
    ['2024-12-16T25:00:00Z', 'is not an ISO 8601 date and time'],
  ])('%s is refused with what to write instead', (sent, fault) => {
    const { message } = refused({ order_timestamp: sent });
    expect(message).toBe(`bad_timestamp: order_timestamp ${fault}`);
  });

  it.each([[undefined], [null]])('is the time of receipt when it is %p, and stays missing', (sent) => {
    expect(placed(sent)).toMatchObject({ timestamp: undefined, placedAt: RECEIVED_AT, day: '2025-03-04' });
  });

  it('is quoted in the reason, so that the fault can be seen', () => {
    expect(refused({ order_timestamp: '2024-02-30' }).issues[0]).toEqual({
      code: 'bad_timestamp',
      path: 'order_timestamp',
      message: 'order_timestamp is not an ISO 8601 date and time',
      expected: 'ISO 8601',
      received: '"2024-02-30"',
    });
  });
});

describe('a calendar day', () => {
  it.each([['0001-01-01'], ['2024-02-29'], ['2000-02-29'], ['9999-12-31']])('%s exists', (day) => {
    expect(isCalendarDay(day)).toBe(true);
  });

  it.each([
    ['0000-01-01'],
    ['2023-02-29'],
    ['2100-02-29'],
    ['2024-04-31'],
    ['2024-1-1'],
    ['2024-01-01T00:00:00Z'],
    ['2024-01-01\n'],
    [''],
  ])('%j does not', (day) => {
    expect(isCalendarDay(day)).toBe(false);
  });
});

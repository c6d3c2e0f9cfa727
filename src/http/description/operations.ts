import * as z from 'zod';
import type { IdCase } from '../../orders/ids.ts';
import { MAX_ENTRIES } from '../../stats/read/readStats.ts';
import * as answers from './answers.ts';
import { operation } from './operation.ts';
import {
  csvFormat,
  cursor,
  limit,
  noParameters,
  problemKind,
  seriesQuery,
  twoRanges,
  userGranularity,
  userId,
  withOptionalRange,
  withRange,
} from './parameters.ts';

const none = z.object({});

const TOP_RANGE =
  'Over everything counted, or with start_date and end_date within a range of days, both included. Exact either way.';
const MERGED =
  'A range is refused when its users, each counted once per month and single day, are more than ' +
  `${MAX_ENTRIES.toLocaleString('en')}. Adding them up may take seconds; what comes on top of a few at once is a 503 ` +
  '(`overloaded`), and equal requests share one answer, which may be those seconds old.';
const DETAIL =
  'Ranges of whole months reach back for ever; days are kept for `USER_DETAIL_DAYS`, and asking for older ones is ' +
  'refused with the first day that is left.';
const OWN_DETAIL =
  'Ranges of whole months reach back for ever; days are kept for `USER_DETAIL_DAYS`. Where a history is kept, older ones come ' +
  'from it, without what counted in the second before; else asking for them is refused with the first day that is left.';
const HOURS =
  'By `hour` an order lies where it was counted, by the clock of Redis in UTC, not where its own date is: these hours add ' +
  'up to other days than `day` gives. They come from the pulse, which keeps them for 400 days, of all users together; hours ' +
  'before `known_from` have nulls. What a process counted in the second before it was killed may be missing.';

const AUGUST = { total_orders: 12, total_revenue: 1200.5, average_order_value: 100.04 };
const JULY = { total_orders: 10, total_revenue: 1000, average_order_value: 100 };

/** What is read from the stats. `idCase` decides how ids are spelled. */
export function statsOperations(idCase: IdCase) {
  const user = userId(idCase);
  const ofUser = z.object({ user_id: user });
  return {
    userStats: operation({
      path: '/users/{user_id}/stats',
      tag: 'Users',
      summary: 'Orders and spend of one user',
      description: `Over everything counted, or with start_date and end_date within a range of days. ${OWN_DETAIL}`,
      pathParameters: ofUser,
      query: withOptionalRange({}),
      answer: answers.userStats,
      example: { user_id: 'U123', order_count: 3, total_spend: 299.99 },
      problems: ['unknown-user', 'detail-gone', 'range-too-large', 'history-unavailable'],
    }),
    global: operation({
      path: '/stats/global',
      tag: 'Totals',
      summary: 'Orders and revenue of everything counted',
      pathParameters: none,
      query: noParameters,
      answer: answers.totals,
      example: { total_orders: 12, total_revenue: 1200.5, average_order_value: 100.04 },
      problems: ['total-out-of-range'],
    }),
    topSpenders: operation({
      path: '/stats/top-spenders',
      tag: 'Lists',
      summary: 'The users who spent most',
      description: `${TOP_RANGE} ${DETAIL} ${MERGED}`,
      pathParameters: none,
      query: withOptionalRange({ limit: limit(5), format: csvFormat }),
      answer: answers.spenders,
      example: [{ user_id: 'U1', total_spend: 2000 }],
      csv: { columns: Object.keys(answers.spender.shape), rows: (spenders) => spenders },
      problems: ['detail-gone', 'range-too-large'],
    }),
    topBuyers: operation({
      path: '/stats/top-buyers',
      tag: 'Lists',
      summary: 'The users with most orders',
      description: `${TOP_RANGE} ${DETAIL} ${MERGED}`,
      pathParameters: none,
      query: withOptionalRange({ limit: limit(5), format: csvFormat }),
      answer: answers.buyers,
      example: [{ user_id: 'U1', order_count: 4 }],
      csv: { columns: Object.keys(answers.buyer.shape), rows: (buyers) => buyers },
      problems: ['detail-gone', 'range-too-large'],
    }),
    byDate: operation({
      path: '/stats/by-date',
      tag: 'Totals',
      summary: 'Orders and revenue of a range of days',
      description:
        'Any range from 0001-01-01 to 9999-12-31 costs one round trip. With user_id only that user counts; a user ' +
        `without orders in the range has zeros. For a user: ${OWN_DETAIL}`,
      pathParameters: none,
      query: withRange({ user_id: user.optional(), format: csvFormat }),
      answer: answers.totals,
      example: { total_orders: 12, total_revenue: 1200.5, average_order_value: 100.04 },
      csv: { columns: Object.keys(answers.totals.shape), rows: (totals) => [totals] },
      problems: ['detail-gone', 'range-too-large', 'total-out-of-range', 'history-unavailable'],
    }),
    compare: operation({
      path: '/stats/compare',
      tag: 'Totals',
      summary: 'Orders and revenue of two ranges of days',
      description:
        'Both in one call, with what the first has more than the second and how many times as much it is: a month and ' +
        'the one before, a week and the same of last year.',
      pathParameters: none,
      query: twoRanges,
      answer: answers.comparison,
      example: {
        range: { start_date: '2025-08-01', end_date: '2025-08-31', ...AUGUST },
        with: { start_date: '2025-07-01', end_date: '2025-07-31', ...JULY },
        difference: { total_orders: 2, total_revenue: 200.5, average_order_value: 0.04 },
        ratio: { total_orders: 1.2, total_revenue: 1.2005, average_order_value: 1.0004 },
      },
      csv: {
        columns: Object.keys(answers.comparison.shape.range.shape),
        rows: ({ range, with: other }) => [range, other],
      },
      problems: ['total-out-of-range'],
    }),
    usersByDate: operation({
      path: '/stats/users-by-date',
      tag: 'Lists',
      summary: 'Every user with orders in a range of days',
      description:
        'The largest spend first, page by page: hand `next_cursor` back as `cursor`, or follow the `Link` header, ' +
        'until there is none. A user who orders while you page is never listed twice, but one who thereby moves up ' +
        `past the page you are at is not listed. ${DETAIL} ${MERGED}`,
      pathParameters: none,
      query: withRange({ limit: limit(100), cursor: cursor.optional(), format: csvFormat }),
      answer: answers.usersPage,
      example: { users: [{ user_id: 'U123', order_count: 3, total_spend: 299.99 }], next_cursor: null },
      csv: { columns: Object.keys(answers.userStats.shape), rows: ({ users }) => users },
      next: ({ next_cursor }) => next_cursor,
      problems: ['detail-gone', 'range-too-large'],
    }),
    series: operation({
      path: '/stats/series',
      tag: 'Lists',
      summary: 'Orders and revenue as a series of hours, days, weeks, months, quarters or years',
      description:
        'A point per period of the range, 5,000 at most, of weeks 5,000 days; zeros where nothing was ordered. The first ' +
        'and the last count only the days within the range. With user_id only that user counts. Weeks begin on Monday ' +
        `(ISO 8601) and are made of days. For a user: ${OWN_DETAIL} ${HOURS}`,
      pathParameters: none,
      query: seriesQuery(user),
      answer: answers.series,
      example: {
        granularity: 'month',
        start_date: '2025-07-01',
        end_date: '2025-08-31',
        points: [
          { period: '2025-07', orders: 0, revenue: 0, average_order_value: 0 },
          { period: '2025-08', orders: 3, revenue: 299.99, average_order_value: 100 },
        ],
      },
      csv: { columns: Object.keys(answers.point.shape), rows: ({ points }) => points },
      problems: ['detail-gone', 'range-too-large', 'total-out-of-range', 'history-unavailable'],
    }),
    usersSeries: operation({
      path: '/stats/users',
      tag: 'Lists',
      summary: 'New and returning users by day, week, month, quarter or year',
      description:
        'A point per whole period that the range touches, 5,000 at most, of weeks 5,000 days. A user is new where the first ' +
        'order lies that was counted for them, by arrival: an older order that arrives later does not move that. All else ' +
        'who ordered there return. Users who come more than once in a period are one, exactly: by week their days are added ' +
        `up, by quarter and year their months. ${MERGED} ${DETAIL}`,
      pathParameters: none,
      query: withRange({ granularity: userGranularity, format: csvFormat }),
      answer: answers.usersSeries,
      example: {
        granularity: 'month',
        start_date: '2025-08-01',
        end_date: '2025-08-31',
        known_from: '0001-01-01',
        points: [{ period: '2025-08', users: 12, new_users: 5, returning_users: 7 }],
      },
      csv: {
        columns: ['period', 'users', 'new_users', 'returning_users'],
        rows: ({ points }) => points,
      },
      problems: ['detail-gone', 'range-too-large'],
    }),
    rank: operation({
      path: '/users/{user_id}/rank',
      tag: 'Users',
      summary: 'Place of one user among spenders and buyers',
      description: 'One plus the number of users with strictly more: equal ones share a place.',
      pathParameters: ofUser,
      query: noParameters,
      answer: answers.rank,
      example: { user_id: 'U123', spender_rank: 4, buyer_rank: 2, users: 1200 },
      problems: ['unknown-user'],
    }),
    metrics: operation({
      path: '/metrics',
      tag: 'Totals',
      summary: 'Totals, unique users and the average order value',
      description:
        'For `Accept: text/plain` and `application/openmetrics-text`, as Prometheus sends them, it is the exposition format instead: what this process did and what the whole installation does.',
      pathParameters: none,
      query: noParameters,
      answer: answers.metrics,
      example: {
        total_orders: 12,
        total_revenue: 1200.5,
        unique_users: 9,
        average_order_value: 100.04,
        timestamp: 1754000000.123,
      },
      momentary: true,
      problems: ['total-out-of-range'],
    }),
  };
}

/** What is said about the process and about this API itself. Anybody may ask. */
export const openOperations = {
  health: operation({
    path: '/health',
    tag: 'Operation',
    summary: 'Whether this process reaches Redis, and how it fares',
    description:
      'Answers within a second, also while Redis hangs. With credentials that may read the stats, or while these are open, ' +
      'it tells versions and amounts besides; a wrong key is answered as none.',
    pathParameters: none,
    query: noParameters,
    answer: answers.health,
    example: {
      status: 'healthy',
      redis: 'connected',
      redis_latency_ms: 0.21,
      timestamp: 1754000000.123,
      troubles: [],
      role: 'all',
      versions: { product: '0.1.0', node: '24.0.0', redis: 'Redis 8.0.0' },
      failed_orders: { count: 0, since: null },
    },
    momentary: true,
    open: true,
    otherwise: { status: 503, means: 'Redis does not answer; the body has the same form.' },
  }),
  ready: operation({
    path: '/health/ready',
    tag: 'Operation',
    summary: 'Whether to send this process traffic',
    pathParameters: none,
    query: noParameters,
    answer: answers.readiness,
    example: { status: 'ready', started: true, redis: 'connected' },
    momentary: true,
    open: true,
    otherwise: {
      status: 503,
      means: 'Not everything has started, or Redis does not answer; the body has the same form.',
    },
  }),
  live: operation({
    path: '/health/live',
    tag: 'Operation',
    summary: 'Whether to leave this process alone',
    description: 'Does not ask Redis: a restart would not bring it back.',
    pathParameters: none,
    query: noParameters,
    answer: answers.liveness,
    example: { status: 'alive' },
    momentary: true,
    open: true,
  }),
  openapi: operation({
    path: '/openapi.json',
    tag: 'About',
    summary: 'This document, OpenAPI 3.1',
    pathParameters: none,
    query: noParameters,
    answer: answers.openapi,
    example: { openapi: '3.1.1' },
    open: true,
  }),
  problemKinds: operation({
    path: '/problems',
    tag: 'About',
    summary: 'Every kind of problem there is',
    pathParameters: none,
    query: noParameters,
    answer: answers.problemKindList,
    example: [
      { type: '/problems/unknown-user', statuses: [404], means: 'No order of this user was ever counted.' },
    ],
    open: true,
  }),
  problemKind: operation({
    path: '/problems/{kind}',
    tag: 'About',
    summary: "One kind of problem, explained: where a problem's `type` leads",
    pathParameters: z.object({ kind: problemKind }),
    query: noParameters,
    answer: answers.problemKind,
    example: {
      type: '/problems/unknown-user',
      statuses: [404],
      means: 'No order of this user was ever counted.',
    },
    problems: ['not-found'],
    open: true,
  }),
};

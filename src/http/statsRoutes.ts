import { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import type { IdCase } from '../orders/ids.ts';
import { toJsonAmount } from '../orders/money.ts';
import type { ReadStats } from '../stats/readStats.ts';
import { limitQuery, noQuery, parseQuery, rangeQuery, userIdParameter } from './parameters.ts';
import { HttpProblem, invalidParameters, methodNotAllowed } from './problem.ts';

/** Who spent what: reads only. Amounts leave as JSON numbers with two decimals, and only here. */
export function statsRoutes(stats: ReadStats, idCase: IdCase): Router {
  const router = Router();
  const get = (path: string, handler: RequestHandler) => {
    router.route(path).get(handler).all(methodNotAllowed('GET', 'HEAD'));
  };

  get('/users/:user_id/stats', async (request, response) => {
    parseQuery(noQuery, request);
    const userId = userIdParameter(request, idCase);
    const totals = await stats.user(userId);
    if (!totals)
      throw new HttpProblem(404, { kind: 'unknown-user', detail: `No order of user ${userId} was counted` });
    response.json({
      user_id: userId,
      order_count: totals.orders,
      total_spend: toJsonAmount(totals.minorUnits),
    });
  });

  get('/stats/global', async (request, response) => {
    parseQuery(noQuery, request);
    const { orders, minorUnits } = await stats.global();
    response.json({ total_orders: orders, total_revenue: toJsonAmount(minorUnits) });
  });

  get('/stats/top-spenders', async (request, response) => {
    const { limit } = parseQuery(limitQuery, request);
    const spenders = await stats.topSpenders(limit);
    response.json(
      spenders.map(({ userId, minorUnits }) => ({ user_id: userId, total_spend: toJsonAmount(minorUnits) })),
    );
  });

  get('/stats/top-buyers', async (request, response) => {
    const { limit } = parseQuery(limitQuery, request);
    const buyers = await stats.topBuyers(limit);
    response.json(buyers.map(({ userId, orders }) => ({ user_id: userId, order_count: orders })));
  });

  get('/stats/by-date', async (request, response) => {
    const { start_date, end_date } = parseQuery(rangeQuery, request);
    const { orders, minorUnits } = await stats.byDate(start_date, end_date);
    response.json({ total_orders: orders, total_revenue: toJsonAmount(minorUnits) });
  });

  get('/metrics', async (request, response) => {
    parseQuery(noQuery, request);
    const { orders, minorUnits, users } = await stats.global();
    response.json({
      total_orders: orders,
      total_revenue: toJsonAmount(minorUnits),
      unique_users: users,
      average_order_value: orders === 0 ? 0 : toJsonAmount(Math.round(minorUnits / orders)),
      timestamp: Date.now() / 1_000,
    });
  });

  // Express decodes a path before its route runs, so the route cannot say which parameter is broken.
  const undecodable: ErrorRequestHandler = (error, _request, _response, next) => {
    if (!(error instanceof URIError)) return next(error);
    next(invalidParameters([{ parameter: 'user_id', message: 'holds a broken percent-encoding' }]));
  };
  router.use('/users', undecodable);

  return router;
}

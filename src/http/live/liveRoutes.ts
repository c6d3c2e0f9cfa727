import { type Request, type Response, Router } from 'express';
import * as z from 'zod';
import { type History, SPANS } from '../../telemetry/read/history.ts';
import { liveOperations } from '../description/liveOperations.ts';
import { noParameters } from '../description/parameters.ts';
import { operationRoutes } from '../stats/operationRoutes.ts';
import { parameterReader } from '../stats/readParameters.ts';
import { readProblems } from '../stats/routes.ts';
import type { Guards } from '../transport/guards.ts';
import { methodNotAllowed } from '../transport/problem.ts';
import { refuseBody } from '../transport/send.ts';
import type { SharedSnapshots } from './sharedSnapshots.ts';
import { historyAnswer, pulseAnswer } from './snapshotAnswer.ts';

const refuseParameters = parameterReader(z.object({}), noParameters);

type MayStay = Guards['mayStay'];

/** What goes on now and went on lately, for whoever may read the stats. */
export function liveRoutes(snapshots: SharedSnapshots, history: History, mayStay: MayStay): Router {
  const router = Router();
  const route = operationRoutes(router);
  route(liveOperations.pulse, async () => pulseAnswer(await snapshots.latest()));
  route(liveOperations.history, async ({ span }) =>
    historyAnswer(span, SPANS[span].step, await history(span)),
  );
  router
    .route('/pulse/stream')
    .get((request, response) => stream(request, response, snapshots, mayStay))
    .all(methodNotAllowed('GET', 'HEAD'));
  router.use(readProblems);
  return router;
}

/** Then its reader asks again, and shows anew who it is: a key may be revoked meanwhile, or a session over. */
const STREAM_MS = 60_000;

/** A session costs Redis four commands a look. */
const EVENTS_A_LOOK = 2;

/**
 * Server-sent events: a snapshot a second, or a comment that says why there is none. A reader who does not keep up misses
 * snapshots, nothing is stored up for them; one who is gone is let go of by the server's own time limit. It ends
 * for one who may read no more, two seconds later at most.
 */
function stream(request: Request, response: Response, snapshots: SharedSnapshots, mayStay: MayStay): void {
  refuseBody(request);
  refuseParameters(request);
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // nginx would hold events back until a buffer is full.
    'X-Accel-Buffering': 'no',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.write(':\n\n');
  const end = () => response.end();
  let looks = 0;
  const leave = snapshots.follow({
    event(text) {
      if (response.writableLength === 0) response.write(text);
      looks += 1;
      if (looks % EVENTS_A_LOOK === 0) void mayStay(request, response).then((may) => may || end());
    },
    end,
  });
  const over = setTimeout(() => response.end(), STREAM_MS);
  response.once('close', () => {
    clearTimeout(over);
    leave();
  });
}

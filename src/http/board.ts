import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Express } from 'express';
import type { OrderQueues } from '../queue/orderQueues.ts';
import { idsOf } from '../queue/readOrderJob.ts';

export const BOARD_PATH = '/admin/queues';

/**
 * Bull Board over every partition's queue. No `data` formatter: what it shows is what an edit saves back, so a
 * formatter that hides something would overwrite it.
 */
export function board(queues: OrderQueues, onError: (error: Error) => void): Express {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(BOARD_PATH);
  const many = queues.all.length > 1;
  createBullBoard({
    serverAdapter,
    queues: queues.all.map((queue, index) => {
      // Partitions' queues share a name and differ in their prefix; Bull Board tells queues apart by name.
      const adapter = new BullMQAdapter(queue, { prefix: many ? `partition ${index}: ` : '' });
      adapter.setFormatter('name', titleOf);
      return adapter;
    }),
    options: { uiConfig: { boardTitle: 'order-pipeline' } },
  });
  // Its own answer to a fault carries the stack when NODE_ENV is development. What the client did wrong is marked
  // with a status by whoever found it.
  serverAdapter.setErrorHandler((error) => {
    const { status } = error as { status?: unknown };
    const isClients = typeof status === 'number' && status >= 400 && status < 500;
    if (!isClients) onError(error);
    return isClients
      ? { status: 400, body: { error: 'The request cannot be read' } }
      : { status: 500, body: { error: 'Something went wrong here, and it was logged' } };
  });
  const router = serverAdapter.getRouter() as Express;
  // An Express application of its own, which would name itself on every answer.
  router.disable('x-powered-by');
  return router;
}

/** What an operator looks for. Every job has the same name, so the ids stand in its place. */
function titleOf({ data }: { data?: unknown }): string {
  const { orderId, userId } = idsOf(data);
  return `order ${shown(orderId)} of user ${shown(userId)}`;
}

const shown = (id: string): string => id.slice(0, 60) || '?';

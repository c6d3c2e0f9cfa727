import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { type Express, type RequestHandler, Router } from 'express';
import { type OrderQueues, titlePrefix } from '../queue/orderQueues.ts';
import { idsOf } from '../queue/readOrderJob.ts';
import { isWrongType, mayPass } from '../store/redisFaults.ts';

export const BOARD_PATH = '/admin/queues';

/**
 * Bull Board over every partition's queue, behind `changes`, which lets nothing through that changes something. No `data` formatter: what it shows is what an edit saves back, so a
 * formatter that hides something would overwrite it. `seenAt` is its path as the browser sees it.
 */
export function board(
  queues: OrderQueues,
  seenAt: string,
  changes: RequestHandler,
  onError: (error: Error) => void,
): Router {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(seenAt);
  createBullBoard({
    serverAdapter,
    queues: queues.all.map((queue, index) => {
      // Partitions' queues share a name and differ in their prefix; Bull Board tells queues apart by name.
      withoutForeign(queue);
      const adapter = new BullMQAdapter(queue, {
        prefix: titlePrefix({ index }, queues.all.length),
      });
      adapter.setFormatter('name', orderTitle);
      return adapter;
    }),
    options: {
      uiConfig: {
        boardTitle: 'order-pipeline',
        // Its page has no menu of ours, and its own help is on another host.
        hideDocsLink: true,
        miscLinks: [
          { text: 'Failed orders', url: seenAt.replace(BOARD_PATH, '/desk') },
          { text: 'Sign out', url: seenAt.replace(BOARD_PATH, '/sign-out') },
        ],
      },
    },
  });
  // Its own answer to a fault carries the stack when NODE_ENV is development. What the client did wrong is marked
  // with a status by whoever found it.
  serverAdapter.setErrorHandler((error) => {
    const { status } = error as { status?: unknown };
    // Its types name no 503; what it is given it sends.
    if (mayPass(error))
      return {
        status: 503 as 500,
        body: { error: 'Redis does not answer, or takes nothing new: try again soon' },
      };
    const isClients = typeof status === 'number' && status >= 400 && status < 500;
    if (!isClients) onError(error);
    return isClients
      ? { status: 400, body: { error: 'The request cannot be read' } }
      : { status: 500, body: { error: 'Something went wrong here, and it was logged' } };
  });
  const router = serverAdapter.getRouter() as Express;
  // An Express application of its own, which would name itself on every answer.
  router.disable('x-powered-by');
  withoutOtherHosts(router);
  return Router().use(changes).use(router);
}

/** What somebody else wrote under the key of a job is none, and hides none of the others. */
function withoutForeign(queue: OrderQueues['all'][number]): void {
  const getJob = queue.getJob.bind(queue);
  const getJobs = queue.getJobs.bind(queue);
  const unlessForeign = (error: unknown) => {
    // BullMQ reads the JSON of a job itself, and throws where it was cut off.
    if (!isWrongType(error) && !(error instanceof SyntaxError)) throw error;
    return undefined;
  };
  queue.getJob = (id) => getJob(id).catch(unlessForeign);
  queue.getJobs = async (types, start, end, asc) => {
    const all = await getJobs(types, start, end, asc).catch(unlessForeign);
    if (all) return all;
    // BullMQ's own way of reading them at once stops at the first such key.
    const ids = await queue.getRanges([types ?? []].flat(), start, end, asc);
    return (await Promise.all(ids.map((id) => queue.getJob(id)))).filter((job) => job !== undefined);
  };
}

/** What an operator looks for. Every job has the same name, so the ids stand in its place. */
function orderTitle({ data }: { data?: unknown }): string {
  const { orderId, userId } = idsOf(data);
  return `order ${shown(orderId)} of user ${shown(userId)}`;
}

const shown = (id: string): string => id.slice(0, 60) || '?';

type Engine = (file: string, values: object, done: (error: Error | null, page?: string) => void) => void;

/**
 * Bull Board's page names a web font of another host, which then knows when operators work, and whose absence is an
 * error on every page. Without it the page takes a font of the reader's.
 */
function withoutOtherHosts(board: Express): void {
  const { engines } = board as unknown as { engines: Record<string, Engine> };
  const render = engines['.ejs'] as Engine;
  board.engine('ejs', (file: string, values: object, done: (error: Error | null, page?: string) => void) =>
    render(file, values, (error, page) => done(error, page?.replace(LINKS_ELSEWHERE, ''))),
  );
}

const LINKS_ELSEWHERE = /<link\b[^>]*\bhref="(?:https?:)?\/\/[^>]*>\s*/g;

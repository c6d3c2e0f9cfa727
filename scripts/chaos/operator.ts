import { BOARD_PATH } from '../../src/desk/bullBoard.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { insist } from './insist.ts';
import type { Refusal } from './model.ts';
import type { OperatorAct } from './schedule.ts';

/** A person at Bull Board: waits for a page that does not come, and clicks again what was not answered. */
export interface Operator {
  /** Rejects when the order never turns up as failed, or the page never answers. */
  act(refusal: Refusal, act: OperatorAct, order: unknown): Promise<void>;
}

interface FailedJob {
  id: string;
  data: Record<string, unknown>;
}

export function startOperator(url: string, partitions: number): Operator {
  const names =
    partitions === 1
      ? [ORDER_QUEUE]
      : Array.from({ length: partitions }, (_, index) => `partition ${index}: ${ORDER_QUEUE}`);
  const api = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${BOARD_PATH}/api/queues${path}`, { ...init, signal: AbortSignal.timeout(5_000) });

  const failedIn = async (name: string): Promise<FailedJob[]> => {
    const query = new URLSearchParams({ activeQueue: name, status: 'failed', page: '1', jobsPerPage: '500' });
    const { queues } = (await (await api(`?${query}`)).json()) as {
      queues: { name: string; jobs: FailedJob[] }[];
    };
    return queues.find((each) => each.name === name)?.jobs ?? [];
  };

  const find = async ({ messages }: Refusal) => {
    for (const name of names) {
      const job = (await failedIn(name)).find(({ id }) => messages.includes(messageOf(id)));
      if (job) return { job, path: `/${encodeURIComponent(name)}/${encodeURIComponent(job.id)}` };
    }
    return undefined;
  };

  /**
   * Looks again when the page says that it has been edited since: by a click of its own that was not answered. What has
   * left the failed ones was saved as well: only what was edited passes, and a run of repairs has sent it.
   */
  const edit = async (path: string, shown: FailedJob, order: unknown): Promise<true | undefined> => {
    const body = JSON.stringify({ jobData: { ...shown.data, order } });
    const headers = { 'content-type': 'application/json' };
    const { status } = await api(`${path}/update-data`, { method: 'PATCH', headers, body });
    if (status === 409) shown.data = ((await (await api(path)).json()) as { job: FailedJob }).job.data;
    return status === 200 || (await hasLeft(path)) ? true : undefined;
  };

  /** The click was heard when the job has left the failed ones, whatever the page says. */
  const retry = async (path: string): Promise<true | undefined> => {
    const { status } = await api(`${path}/retry`, { method: 'PUT' });
    return status === 204 || status === 404 || (status === 409 && (await hasLeft(path))) ? true : undefined;
  };
  const hasLeft = async (path: string): Promise<boolean> => {
    const response = await api(path);
    if (response.status === 404) return true;
    return response.ok && ((await response.json()) as { status: string }).status !== 'failed';
  };

  return {
    async act(refusal, act, order) {
      const { job, path } = await insist(() => find(refusal), 'the order turns up as failed');
      if (act !== 'retry') await insist(() => edit(path, job, order), 'the edit is saved');
      await insist(() => retry(path), 'the order is retried');
    },
  };
}

/** The message a job came from: a job moved to another partition has the way there appended to its id. */
export const messageOf = (jobId: string): string => jobId.split('~', 1)[0] as string;

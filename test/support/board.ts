import type { TestPipeline } from './pipeline.ts';

/** A job as Bull Board's API tells it to its page. */
export interface BoardJob {
  id: string;
  data: { order?: unknown; raw?: string; message?: unknown };
  failedReason?: string;
  stacktrace: string[];
}

/** What an operator's clicks in Bull Board do, through the API that its page uses. */
export interface Board {
  queueNames(): Promise<string[]>;
  failed(queue: string): Promise<BoardJob[]>;
  state(queue: string, jobId: string): Promise<string>;
  edit(queue: string, jobId: string, data: unknown): Promise<number>;
  retry(queue: string, jobId: string): Promise<number>;
}

export function boardOf(pipeline: TestPipeline): Board {
  const api = (path: string) => `/admin/queues/api/queues${path}`;
  const jobPath = (queue: string, jobId: string) =>
    api(`/${encodeURIComponent(queue)}/${encodeURIComponent(jobId)}`);
  const list = async (query: string) => {
    const answer = await pipeline.json<{ queues?: { name: string; jobs: BoardJob[] }[] }>(api(query));
    if (!answer.queues) throw new Error(`the board tells no queues: ${JSON.stringify(answer)}`);
    return answer.queues;
  };
  return {
    queueNames: async () => (await list('')).map(({ name }) => name),
    async failed(queue) {
      const queues = await list(
        `?activeQueue=${encodeURIComponent(queue)}&status=failed&page=1&jobsPerPage=50`,
      );
      return queues.find(({ name }) => name === queue)?.jobs ?? [];
    },
    state: async (queue, jobId) => (await pipeline.json<{ status: string }>(jobPath(queue, jobId))).status,
    async edit(queue, jobId, data) {
      const response = await pipeline.get(`${jobPath(queue, jobId)}/update-data`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jobData: data }),
      });
      return response.status;
    },
    retry: async (queue, jobId) =>
      (await pipeline.get(`${jobPath(queue, jobId)}/retry`, { method: 'PUT' })).status,
  };
}

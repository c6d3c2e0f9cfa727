import { failuresIn, failuresOf } from '../../queue/failures/readFailures.ts';
import { csvParts } from '../../runtime/csv.ts';
import type { Meant } from '../matching.ts';
import type { TryParts } from '../runs/tryRecipe.ts';
import { failureAnswer } from './reads.ts';

/** `json` is one array of what a search answers, `jsonl` the same with an order on each line. */
export type ExportFormat = 'csv' | 'json' | 'jsonl';

const COLUMNS = ['job', 'order_id', 'user_id', 'money', 'reasons', 'first_failed_at', 'last_failed_at'];

/** All failed orders that are meant as a file, one partition after the other, in parts of some hundred orders. */
export async function* exportFailed(
  parts: Pick<TryParts, 'redis' | 'partitions'>,
  where: Meant,
  format: ExportFormat,
): AsyncGenerator<string, void, undefined> {
  const portions = rowsOf(parts, where);
  if (format === 'csv') {
    yield* csvParts(COLUMNS, portions, lineOf);
    return;
  }
  let before = '[';
  for await (const rows of portions) {
    const texts = rows.map((row) => JSON.stringify(row));
    yield format === 'jsonl' ? texts.map((text) => `${text}\n`).join('') : before + texts.join(',');
    before = ',';
  }
  if (format === 'json') yield before === '[' ? '[]\n' : ']\n';
}

type Row = ReturnType<typeof failureAnswer>;

async function* rowsOf(
  { redis, partitions }: Pick<TryParts, 'redis' | 'partitions'>,
  { jobs, ...where }: Meant,
): AsyncGenerator<Row[], void, undefined> {
  for (const partition of partitions.all) {
    const pages = jobs
      ? [await failuresOf(redis, partition, [...new Set(jobs)])]
      : failuresIn(redis, partition, { where });
    for await (const page of pages) if (page.length > 0) yield page.map(failureAnswer);
  }
}

const lineOf = ({ job, order_id, user_id, money, issues, first_failed_at, last_failed_at }: Row) => ({
  job,
  order_id,
  user_id,
  money,
  reasons: issues.map(({ reason, path }) => `${reason} at ${path || 'the order'}`).join('; ') || 'fault',
  first_failed_at,
  last_failed_at,
});

import { failuresIn } from '../../queue/failures/readFailures.ts';
import { toCsv } from '../../runtime/csv.ts';
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
  let written = 0;
  for await (const rows of rowsOf(parts, where)) {
    yield WRITERS[format](rows, written === 0);
    written += rows.length;
  }
  if (written === 0 && format === 'csv') yield toCsv(COLUMNS, []);
  if (format === 'json') yield written === 0 ? '[]\n' : ']\n';
}

type Row = ReturnType<typeof failureAnswer>;

async function* rowsOf(
  { redis, partitions }: Pick<TryParts, 'redis' | 'partitions'>,
  { jobs, ...where }: Meant,
): AsyncGenerator<Row[], void, undefined> {
  const named = jobs && new Set(jobs);
  for (const partition of partitions.all) {
    for await (const page of failuresIn(redis, partition, { where: named ? {} : where })) {
      const rows = page.filter(({ job }) => named?.has(job) ?? true);
      if (rows.length > 0) yield rows.map(failureAnswer);
    }
  }
}

const WRITERS: Record<ExportFormat, (rows: readonly Row[], isFirst: boolean) => string> = {
  csv: (rows, isFirst) => toCsv(COLUMNS, rows.map(lineOf)).slice(isFirst ? 0 : toCsv(COLUMNS, []).length),
  json: (rows, isFirst) => (isFirst ? '[' : ',') + rows.map((row) => JSON.stringify(row)).join(','),
  jsonl: (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
};

const lineOf = ({ job, order_id, user_id, money, issues, first_failed_at, last_failed_at }: Row) => ({
  job,
  order_id,
  user_id,
  money,
  reasons: issues.map(({ reason, path }) => `${reason} at ${path || 'the order'}`).join('; ') || 'fault',
  first_failed_at,
  last_failed_at,
});

import type { Author } from '../../audit/auditEntry.ts';
import type { AuditLog } from '../../audit/auditLog.ts';
import type { Reason } from '../../orders/invalidOrder.ts';
import { type Retried, retryFailed } from '../../queue/retryFailed.ts';
import type { Partitions } from '../../store/partitions.ts';
import { whole } from '../kit/print.ts';
import type { OpenRedis } from '../kit/withRedis.ts';
import type { Wanted } from './options.ts';

/** What changes orders is written down before and after. */
export async function retryAll(
  redis: OpenRedis['redis'],
  partitions: Partitions,
  audit: AuditLog,
  who: Author,
  { where, dryRun, because }: Wanted,
): Promise<Retried> {
  const reason = where.reason as Reason | undefined;
  const retry = () => retryFailed(redis, partitions.all, { reason, dryRun });
  if (dryRun) return retry();
  const filter = reason === undefined ? 'failed' : `failed with ${reason}`;
  let retried: Retried = { failed: 0, retried: 0, others: 0, gone: 0 };
  const change = { action: 'retry all', filter, ...(because === '' ? {} : { reason: because }) };
  await audit.change(who, change, async () => {
    retried = await retry();
    return { result: 'done', count: retried.retried };
  });
  return retried;
}

export function retriedText({ failed, retried, others, gone }: Retried, { where, dryRun }: Wanted): string {
  const what = dryRun ? 'would run' : 'run';
  const rest = [
    ...(others > 0 ? [`${whole(others)} did not fail for ${where.reason}`] : []),
    ...(gone > 0 ? [`${whole(gone)} were retried or removed by others meanwhile`] : []),
  ];
  return [`${whole(retried)} of ${whole(failed)} failed orders ${what} once more`, ...rest].join('; ');
}

import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { HttpProblem } from '../../http/transport/problem.ts';
import { writeExactly } from '../../orders/exactJson.ts';
import { worthOf } from '../../queue/failures/failure.ts';
import type { MessageFacts } from '../../queue/orderJob.ts';
import { idsOf } from '../../queue/readOrderJob.ts';
import { EDITED_JOB } from '../../queue/repairs.ts';
import { RETRY_KEYS, RETRY_SCRIPT } from '../../queue/retryFailed.ts';
import { DAY_MS } from '../../runtime/units.ts';
import type { InLedger } from '../../stats/read/lookInLedger.ts';
import { failureKeys, queueKey, repairKeys, runKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import { redisDate } from '../../store/redisTime.ts';
import { withOrder } from '../edit/withOrder.ts';
import { isReleasing } from '../recipes/recipe.ts';
import { editText, MAX_KEPT, REPLACE_SCRIPT, sha1, sha256 } from '../replaceData.ts';
import { type Fault, type Prepared, prepare, type StoredJob, TOO_DEEP } from './prepare.ts';
import { type Row, shownChanges } from './rows.ts';
import type { Run, RunParts } from './runs.ts';
import { storedJobs } from './storedJobs.ts';
import { conflictOf, knownOf } from './tryRecipe.ts';

const SCRIPT =
  RETRY_SCRIPT + REPLACE_SCRIPT + readFileSync(new URL('./repairBatch.lua', import.meta.url), 'utf8');

const callScript = redisScript<('sent' | 'left' | 'gone' | 'had')[]>('repairBatch', {
  numberOfKeys: 15,
  lua: SCRIPT,
});

/** What is to be done with one job. */
interface Turn {
  id: string;
  does: 'edit' | 'retry' | 'leave';
  seen: string;
  text: string;
  before: string;
  after?: string;
  row: Omit<Row, 'result' | 'at'>;
}

/**
 * The turn of some jobs of a run. Each is judged as the workers would, by the ledger too: what would fail again is left
 * alone, the rest edited with its trace and sent, each at most once ever whoever else does the same. Returns how many
 * were sent.
 *
 * @throws NoTrace when nothing could be written down: then nothing was changed
 */
export async function sendBatch(
  parts: RunParts,
  run: Pick<Run, 'id' | 'who' | 'reason' | 'recipe'>,
  partition: Partition,
  ids: readonly string[],
): Promise<number> {
  const { redis, partitions, rules, ledgerRetentionDays, audit } = parts;
  const jobs = await storedJobs(redis, partition, ids);
  const made = jobs.map((job) => prepare(job, run.recipe, rules));
  const known = await knownOf(redis, partitions, made, ledgerRetentionDays);
  const turns = jobs.map((job, at) =>
    turnOf(job, made[at] as Prepared, known[at] as InLedger, {
      maxBodyBytes: rules.reading.maxBodyBytes,
      releases: isReleasing(run.recipe),
    }),
  );
  const there = new Set(jobs.map(({ id }) => id));
  const missing = ids.filter((id) => !there.has(id)).map(goneTurn);
  const isDue = await stillDue(redis, partition, run.id, ids);
  const sent = turns.filter(({ id, does }) => does !== 'leave' && isDue.has(id));
  const act = async () => {
    let count = 0;
    for (const some of bySize([...turns, ...missing])) count += await takeTurns(parts, run, partition, some);
    return count;
  };
  if (sent.length === 0) return act();
  const change = {
    action: run.recipe ? 'repair batch' : 'retry batch',
    partition: partition.index,
    run: run.id,
    jobs: sent.map(({ id, before, after }) =>
      after === undefined ? ([id, before] as const) : ([id, before, after] as const),
    ),
  };
  const { count } = await audit.change(run.who, { ...change, count: sent.length }, async () => ({
    result: 'done' as const,
    count: await act(),
  }));
  return count;
}

/** Those that failed when the list says so: others were retried by somebody meanwhile, and nothing is done to them. */
async function stillDue(
  redis: Redis | Cluster,
  partition: Partition,
  run: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const [listed = [], failed = []] = await Promise.all(
    [runKeys(partition, run).todo, queueKey(partition, 'failed')].map((key) => redis.zmscore(key, ...ids)),
  );
  return new Set(ids.filter((_, at) => listed[at] !== null && listed[at] === failed[at]));
}

/** Redis does nothing else meanwhile: some 5 ms. */
const CHARACTERS_AT_ONCE = 1_048_576;

/** Stretches that are not too much for one step; one order may be as large as that alone. */
function bySize(turns: readonly Turn[]): Turn[][] {
  const stretches: Turn[][] = [];
  let left = 0;
  for (const turn of turns) {
    if (stretches.length === 0 || turn.text.length > left) {
      stretches.push([]);
      left = CHARACTERS_AT_ONCE;
    }
    stretches.at(-1)?.push(turn);
    left -= turn.text.length;
  }
  return stretches;
}

async function takeTurns(
  { redis, auditRetentionDays }: RunParts,
  run: Pick<Run, 'id' | 'who'>,
  partition: Partition,
  turns: readonly Turn[],
): Promise<number> {
  const key = (name: string) => queueKey(partition, name);
  const { todo, sent, rows, counts } = runKeys(partition, run.id);
  const at = await redisDate(redis);
  const results = await callScript(
    redis,
    ...RETRY_KEYS.map(key),
    failureKeys(partition).entries,
    key('delayed'),
    repairKeys(partition).edits,
    ...[todo, sent, rows, counts],
    key(''),
    EDITED_JOB,
    MAX_KEPT,
    auditRetentionDays * DAY_MS,
    ...turns.flatMap(({ id, does, seen, text, before, after = '', row }) => [
      id,
      does,
      seen,
      text,
      does === 'edit' ? editText({ at, by: run.who, before, after }, text) : '',
      JSON.stringify(row),
    ]),
  );
  return results.filter((result) => result === 'sent').length;
}

interface Editing {
  maxBodyBytes: number;
  /** The review holds it no more. */
  releases: boolean;
}

function turnOf(job: StoredJob, made: Prepared, known: InLedger, editing: Editing): Turn {
  const before = sha256(job.text);
  const stated = worthOf(job.data);
  const row = {
    ...idsOf(job.data),
    before,
    changes: shownChanges(made.changes),
    changed: made.changes.length,
    ...(stated === undefined ? {} : { stated }),
  };
  const leave = (fault: Fault): Turn => ({
    id: job.id,
    does: 'leave',
    seen: '',
    text: '',
    before,
    row: { ...row, fault },
  });
  const fault = made.fault ?? conflictOf(known);
  if (fault || !made.order) return leave(fault as Fault);
  const { minorUnits, userId: user } = made.order;
  const [identity, digest] = [made.entry.identity, made.entry.digest].map((each) => each.toString('hex'));
  const passing = {
    ...row,
    minorUnits,
    user,
    identity: identity as string,
    digest: digest as string,
    was: known,
  };
  // An order that the recipe leaves as it is is retried as it is.
  if (made.changes.length === 0) {
    return { id: job.id, does: 'retry', seen: sha1(job.text), text: '', before, row: passing };
  }
  const edited = editedData(job.data, made.sent, editing);
  if (typeof edited !== 'string') return leave(edited);
  const after = sha256(edited);
  return {
    id: job.id,
    does: 'edit',
    seen: sha1(job.text),
    text: edited,
    before,
    after,
    row: { ...passing, after },
  };
}

const goneTurn = (id: string): Turn => ({
  id,
  does: 'retry',
  seen: 'gone',
  text: '',
  before: '',
  row: { orderId: '', userId: '', before: '', changes: [], changed: 0 },
});

/** The data of a job with another order; or why it cannot be stored. */
function editedData(stored: unknown, order: unknown, { maxBodyBytes, releases }: Editing): string | Fault {
  try {
    const made = withOrder(stored, writeExactly(order), maxBodyBytes);
    const message = made.message as Partial<MessageFacts>;
    return JSON.stringify(releases ? { ...made, message: { ...message, released: true } } : made);
  } catch (error) {
    if (error instanceof RangeError) return TOO_DEEP;
    if (!(error instanceof HttpProblem)) throw error;
    return { reason: 'too_large', path: '', why: error.message };
  }
}

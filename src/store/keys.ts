import type { Partition } from './partitions.ts';
import { statsKeys } from './statsKeys.ts';

/*
 * Every key there is, those of the stats in statsKeys.ts. What belongs to a partition begins with its tag, so that it
 * lies in one slot of a cluster and a repartition carries it over. What belongs to the installation lies apart.
 */

/** The name of the BullMQ queue in every partition. */
export const ORDER_QUEUE = 'orders';

/** One of BullMQ's keys: of the queue by its name, like `wait` or `failed`, or of a job by its id. */
export const queueKey = ({ tag }: Partition, name: string): string => `${tag}:${ORDER_QUEUE}:${name}`;

export interface RepairKeys {
  /** hash: job id → Repair as JSON, while the job exists */
  edits: string;
  /** hash: job id → Repair as JSON, once it ended */
  repairs: string;
  /** zset: job id → when it ended, ms since 1970; tells which repairs to drop */
  ended: string;
}

export const repairKeys = ({ tag }: Partition): RepairKeys => ({
  edits: `${tag}:edits`,
  repairs: `${tag}:repairs`,
  ended: `${tag}:repairs:ended`,
});

/** The index of the failed orders. Its scripts build the keys from the first, with the endings given here. */
export interface FailureKeys {
  /** hash: job id → what is known of an order in the failed set; see queue/failures/index.lua */
  entries: string;
  /** zset: job id → when it first failed, ms */
  since: string;
  /** hash: how many orders, minor units and orders of unknown worth there are, in all and by reason */
  sums: string;
  /** hash: how many orders, users, minor units and orders of unknown worth there are by cause, and since when */
  causes: string;
  /** hash: cause and user → orders */
  users: string;
  /** hash: cause and hour of the last 48 → orders that failed first in it */
  hours: string;
  /** hash: part of a hash of an order id or a user → when such orders first failed */
  ids: string;
  /** zset: job id → when it first failed, ms; of orders that were retried and have not ended */
  retried: string;
  /** string: who holds the index against the failed set just now, or until when nobody needs to */
  pass: string;
}

/**
 * The number is that of the index's layout, apart from the layout of all keys: it is made anew from the jobs, so another
 * layout is another set of keys. Versions that know different ones run side by side, each on its own. The times mean the
 * same in all of them, and are what no job tells.
 */
export function failureKeys({ tag }: Partition): FailureKeys {
  const entries = `${tag}:failures:3`;
  return {
    entries,
    since: `${tag}:failures:since`,
    sums: `${entries}:sums`,
    causes: `${entries}:causes`,
    users: `${entries}:users`,
    hours: `${entries}:hours`,
    ids: `${entries}:ids`,
    retried: `${tag}:failures:retried`,
    pass: `${entries}:pass`,
  };
}

/** The index in the layouts before: whoever goes over the present one drops them. */
export const olderFailureKeys = ({ tag }: Partition): string[] =>
  ['', ':2'].flatMap((layout) =>
    ['', ':sums', ':causes', ':users', ':hours', ':pass'].map(
      (ending) => `${tag}:failures${layout}${ending}`,
    ),
  );

export interface ArchiveKeys {
  /** stream: what counted and waits for PostgreSQL, written by stats/record/archive.lua; its last archived entry stays */
  stream: string;
  /** hash: `seq` and `bytes` of the last archived entry, `at` when, ms; `start` instead where a repartition began anew */
  position: string;
}

/** Where the archive stands as a whole is in the ledger's hash, as `archive`: see stats/record/archive.lua. */
export const archiveKeys = ({ tag }: Partition): ArchiveKeys => ({
  stream: `${tag}:archive`,
  position: `${tag}:archive:position`,
});

/** Since when a partition's queue is paused, ms: BullMQ keeps no more than that it is. */
export const pausedSinceKey = ({ tag }: Partition): string => `${tag}:paused_since`;

/** zset: job id → when it failed, ms; the failed set as one retry of all found it. */
export const retryingKey = ({ tag }: Partition, retry: string): string => `${tag}:retrying:${retry}`;

export interface RunKeys {
  /** zset: job id → when it failed, ms, as the failed set said at the start; of those whose turn is to come */
  todo: string;
  /** zset: job id → when it was sent, ms; of those that have not ended */
  sent: string;
  /** hash: job id → what became of it, as JSON; see desk/runs/rows.ts */
  rows: string;
  /** hash: how many were sent, left alone, gone, ended and failed again */
  counts: string;
}

/** The share of a partition in a run of repairs. */
export const runKeys = ({ tag }: Partition, run: string): RunKeys => {
  const key = `${tag}:run:${run}`;
  return { todo: `${key}:todo`, sent: `${key}:sent`, rows: `${key}:rows`, counts: `${key}:counts` };
};

/** Never written: what the permissions are checked on. */
export const permissionsKey = ({ tag }: Partition): string => `${tag}:permissions`;

/**
 * Tells the keys of a partition that are known here from those that are not: nothing would carry these over to other
 * partitions. BullMQ's trees and schedules of jobs are not used, so not known.
 */
export function knownKeys(partition: Partition): (key: string) => boolean {
  const stats = statsKeys(partition);
  const { edits, repairs, ended } = repairKeys(partition);
  const { global, bySpend, byCount, days, months, years, newUsers, detail, ledger } = stats;
  const paused = pausedSinceKey(partition);
  const whole = new Set([
    global,
    bySpend,
    byCount,
    days,
    months,
    years,
    newUsers,
    detail,
    ledger,
    edits,
    repairs,
    ended,
    paused,
    ...Object.values(failureKeys(partition)),
    ...olderFailureKeys(partition),
    ...Object.values(archiveKeys(partition)),
  ]);
  const beginnings = [
    stats.user(''),
    stats.spend(''),
    stats.counts(''),
    `${ledger}:`,
    retryingKey(partition, ''),
    `${partition.tag}:run:`,
  ];
  const ofQueue = queueKey(partition, '');
  return (key) =>
    whole.has(key) ||
    beginnings.some((beginning) => key.startsWith(beginning)) ||
    (key.startsWith(ofQueue) && !/^(?:waiting-children$|repeat(?::|$))/.test(key.slice(ofQueue.length)));
}

/** string: which layout the keys have */
export const LAYOUT_KEY = 'order-pipeline:layout';

/** string: how many partitions there are, or `<from> to <to>` while that is changed */
export const PARTITIONS_KEY = 'order-pipeline:partitions';

/** hash: what a rebuild from the history is made with, and whether it has ended; kept until this Redis goes */
export const REBUILD_KEY = 'order-pipeline:rebuild';

/** hash: where a repartition stands; whoever runs the command next goes on from here */
export const REPARTITION_KEY = 'order-pipeline:repartition';

/** string: what every worker process takes in hand at once; no key means what each was started with */
export const CONCURRENCY_KEY = 'order-pipeline:concurrency';

/** stream: who changed what */
export const AUDIT_KEY = 'order-pipeline:audit';

/** hash: `hash` of the newest entry, `from`: the hash that the oldest kept one continues. In the slot of the stream. */
export const AUDIT_HEAD_KEY = `{${AUDIT_KEY}}:head`;

/** zset: id → when it began, ms; of all runs of repairs that are kept */
export const RUNS_KEY = '{order-pipeline:desk}:runs';

/** set: ids of the runs that somebody has to drive */
export const ACTIVE_RUNS_KEY = '{order-pipeline:desk}:active';

/** hash: cause → Hold as JSON, see desk/hold/holds.ts */
export const HOLDS_KEY = '{order-pipeline:desk}:holds';

/** hash: name of a saved recipe → its newest version */
export const RECIPES_KEY = '{order-pipeline:desk}:recipes';

/** hash: `<name>@<version>` → SavedRecipe as JSON without the two, see desk/saved/savedRecipes.ts */
export const RECIPE_VERSIONS_KEY = `${RECIPES_KEY}:versions`;

/** hash: cause → AutoRepair as JSON, see desk/auto/autoRepairs.ts */
export const AUTO_REPAIRS_KEY = '{order-pipeline:desk}:auto';

/** zset: job id → when it first failed, ms; of orders of a cause that had their turn, as far back as they are looked at */
export const autoTriedKey = (cause: string): string => `${AUTO_REPAIRS_KEY}:tried:${cause}`;

/** string: what was sent for a cause, as JSON, a day long after its recipe was removed; see desk/auto/budget.ts */
export const autoSpentKey = (cause: string): string => `${AUTO_REPAIRS_KEY}:spent:${cause}`;

/** string: which process drives all of them */
export const AUTO_DRIVER_KEY = `${AUTO_REPAIRS_KEY}:driver`;

/** hash: what a run is, see desk/runs/runs.ts */
export const runKey = (run: string): string => `{order-pipeline:desk}:run:${run}`;

/** string: which process drives a run */
export const runDriverKey = (run: string): string => `{order-pipeline:desk}:driver:${run}`;

/** hash: the last redrive of dead letters, see desk/deadLetters/redrive.ts */
export const REDRIVE_KEY = '{order-pipeline:desk}:redrive';

/** string: which process drives it */
export const REDRIVE_DRIVER_KEY = '{order-pipeline:desk}:redrive:driver';

/** string: which installation this is; the history belongs to one */
export const INSTALLATION_KEY = 'order-pipeline:installation';

/** What the quality stage keeps, in a slot of its own: all of it may be lost without a total being wrong. */
export const QUALITY_KEY = '{order-pipeline:quality}';

/** The name of the BullMQ queue that flagged orders go to; its prefix is the key above. */
export const QUALITY_QUEUE = 'quality';

export const qualityKeys = {
  /** zset: id of a group → when it was seen last, ms. Each is a hash at `:group:<id>`; see quality/outcomes/groupFindings.lua */
  groups: `${QUALITY_KEY}:groups`,
  /** zset: the same of those that too few orders are in to be open */
  rare: `${QUALITY_KEY}:rare`,
  group: (id: string): string => `${QUALITY_KEY}:group:${id}`,
  /** zset: id of a message → when its order was flagged, ms */
  flagged: `${QUALITY_KEY}:flagged`,
  /** hash: id of a message → KeptFlagged as JSON */
  findings: `${QUALITY_KEY}:findings`,
  /** string: this batch was grouped */
  batch: (id: string): string => `${QUALITY_KEY}:batch:${id}`,
  /** stream: what workers saw of orders lately, for each other; see quality/outcomes/sightings.ts */
  sightings: `${QUALITY_KEY}:sightings`,
  /** string: what was spent on the language model, as the role that asks it saw it last; see outcomes/modelSpend.ts */
  model: `${QUALITY_KEY}:model`,
  /** string: which process asks the language model */
  asking: `${QUALITY_KEY}:asking`,
  /** hash: what was labelled and who did → Label as JSON */
  labels: `${QUALITY_KEY}:labels`,
  /** hash: rule and key → Mute as JSON */
  muted: `${QUALITY_KEY}:muted`,
  /** hash: rule → Lowered as JSON */
  lowered: `${QUALITY_KEY}:lowered`,
} as const;

const LEARNED = '{order-pipeline:learned}';

/** What workers learn of orders, see quality/baselines/openBaselines.ts. */
export const baselineKeys = {
  /** stream: what was observed since the snapshot, and was readmitted or reset by people */
  log: `${LEARNED}:log`,
  /** hash: `position` in the log, up to which there is a snapshot */
  head: `${LEARNED}:head`,
  /** string: somebody writes one */
  lease: `${LEARNED}:snapshot`,
  /** hash: all that had been learned up to a position, in parts */
  snapshot: (position: string): string => `${LEARNED}:snapshot:${position}`,
};

/** hash: id → StoredKey as JSON, without the id. With the next one in a slot of their own. */
export const API_KEYS_KEY = '{order-pipeline:api-keys}';

/** hash: id → ms since 1970. Apart from the above, so that a use never races with a revocation. */
export const API_KEYS_USED_KEY = '{order-pipeline:api-keys}:last-used';

/** hash: id → StoredPerson as JSON, see access/people.ts. With the next two kinds in a slot of their own. */
export const PEOPLE_KEY = '{order-pipeline:people}';

/** hash: id → ms since 1970 by Redis's clock; sessions that began until then are over */
export const SIGNED_OUT_KEY = `${PEOPLE_KEY}:signed-out`;

/** string: there is a one-time link with this digest, until it was followed or expires */
export const signInLinkKey = (digest: string): string => `${PEOPLE_KEY}:link:${digest}`;

/** What the key of a session begins with; a digest of its id follows. They spread over a cluster. */
export const SESSION_PREFIX = 'order-pipeline:session:';

/** What one subject may still ask under one policy. They spread over a cluster. */
export const rateKey = (policy: string, subject: string): string =>
  `order-pipeline:rate:${policy}:${subject}`;

/**
 * The pulse: what all processes of the installation did, in a slot of its own. `:processes` hash: id → number of its
 * last beat, when (s) and how it describes itself; `:last` hash: when (s) an order counted and each stage was seen last,
 * and the inbox, JSON; `:newest:counted` and `:newest:refused` lists; `:s:<minute>`, `:m:<hour>`, `:h:<day>` hashes of the
 * seconds, minutes and hours in them; `:turn:<what>` string: which process does what one does for all; `:webhook` string,
 * JSON: what was told to whom.
 */
export const PULSE_KEY = '{order-pipeline:pulse}';

/** hash: what the language model cost today, see quality/model/reserve.lua */
export const MODEL_SPEND_KEY = '{order-pipeline:model}:spend';

/** string: an answer of the language model as JSON, by a digest of what was asked; expires. One slot, read together. */
export const modelAnswerKey = (digest: string): string => `{order-pipeline:model}:answer:${digest}`;

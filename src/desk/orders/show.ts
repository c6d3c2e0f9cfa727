import { jobFields, timeIn } from '../../queue/jobFields.ts';
import { readRepair } from '../../queue/repairs.ts';
import { parsed } from '../../runtime/json.ts';
import { queueKey, repairKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { orderText } from '../edit/withOrder.ts';
import { Refused } from '../refused.ts';
import { revisionOf } from '../replaceData.ts';
import type { TryParts } from '../runs/tryRecipe.ts';
import { standingOf } from '../story/standing.ts';
import { readStory } from '../story/story.ts';
import { storyAnswer } from '../story/storyAnswer.ts';
import { standingAnswer } from './editAnswers.ts';

/**
 * One order by its job: its data, how it stands, what the rules and the ledger say of it now, and what it was before
 * somebody edited it; and the story of the order, its other messages included.
 *
 * @throws Refused when nothing of it is kept
 */
export async function show(parts: TryParts, job: string) {
  for (const partition of parts.partitions.all) {
    const found = await showIn(parts, partition, job);
    if (found) return { ...found, story: storyAnswer(await readStory(parts, { job })) };
  }
  throw new Refused('Nothing is kept of such a job.', 'missing');
}

async function showIn(parts: TryParts, partition: Partition, id: string) {
  const { redis } = parts;
  const { edits, repairs } = repairKeys(partition);
  const [edited, repaired] = [await redis.hget(edits, id), await redis.hget(repairs, id)];
  const stored = await storedFields(parts, partition, id);
  if (stored === undefined && edited === null && repaired === null) return undefined;
  const history = readRepair(edited ?? repaired);
  return {
    job: id,
    partition: partition.index,
    currency: parts.currency,
    state: stored?.state ?? ('ended' as const),
    failed_reason: stored?.failedReason ?? history?.failedReason ?? null,
    data: stored?.data ?? null,
    now: stored ? await standing(parts, stored) : null,
    text: stored?.state === 'failed' ? orderText(stored.data ?? stored.text) : null,
    revision: stored ? revisionOf(stored.data) : null,
    original: history?.original ?? null,
    edits: history?.edits ?? [],
    outcome: history?.outcome ?? null,
    aside: stored?.aside ?? null,
  };
}

interface Stored {
  text: string;
  /** Undefined when that is no JSON. */
  data: unknown;
  addedAt: number;
  failedReason: string | null;
  state: 'failed' | 'aside' | 'completed' | 'waiting';
  aside: unknown;
}

async function storedFields(
  { redis }: TryParts,
  partition: Partition,
  id: string,
): Promise<Stored | undefined> {
  const fields = ['data', 'timestamp', 'failedReason', 'aside'] as const;
  const [found] = await jobFields(redis, partition, [id], fields);
  if (found?.data === undefined) return undefined;
  const { data: text, timestamp, failedReason, aside } = found;
  const places = ['failed', 'aside', 'completed'] as const;
  const scores = await Promise.all(places.map((place) => redis.zscore(queueKey(partition, place), id)));
  return {
    text,
    data: parsed(text),
    addedAt: timeIn(timestamp) ?? 0,
    failedReason: failedReason ?? null,
    state: places.find((_, at) => scores[at] !== null) ?? 'waiting',
    aside: parsed(aside) ?? null,
  };
}

/** What would become of it if it ran as it is. */
async function standing(parts: TryParts, { data, addedAt }: Stored) {
  const { issues, ...found } = await standingOf(parts, data, addedAt);
  const [first] = issues;
  return {
    fault: first ? { reason: first.reason, path: first.path, why: first.message } : null,
    ...standingAnswer({ issues, ...found }),
  };
}

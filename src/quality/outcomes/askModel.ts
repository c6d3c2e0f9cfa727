import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { every } from '../../runtime/every.ts';
import { qualityKeys } from '../../store/keys.ts';
import { holdLease, letGoOfLease } from '../../store/lease.ts';
import { ofItsType } from '../../store/stored.ts';
import type { ModelReviewer } from '../model/opinion.ts';
import { isAskedAbout, isOfValue, opinionsOn } from '../model/opinions.ts';
import { type Group, QUIET_MS, type Told } from './groups.ts';
import { keepSpend } from './modelSpend.ts';
import { readGroups, readRareGroups } from './readGroups.ts';

export interface AskingParts {
  /** Fails fast. */
  redis: Redis | Cluster;
  model: Pick<ModelReviewer, 'model' | 'reviewGroups' | 'judgeValues' | 'spend'>;
  /** By the clock of Redis, ms since 1970. */
  now: () => number;
  onError: (error: Error) => void;
}

const ASK_EVERY_MS = 30_000;
/** Renewed while a turn lasts, which takes as long as the model thinks. */
const LEASE_MS = 120_000;
/** In one turn: groups of which orders are shown, and values. */
const MOST_AT_ONCE = 8;
const MOST_VALUES_AT_ONCE = 40;
const MOST_LOOKED_AT = 200;
/**
 * What may be otherwise the next time, a key that the endpoint did not know too: a group that one of these was the answer to is
 * shown again.
 */
const PASSING = /^(?:over_budget|open_circuit|timeout|unreachable|redis_away|closed|http_\d+)$/;
const AGAIN_MS = 3_600_000;

/**
 * Shows groups that are new to the language model, a few in one call and each once, by one process at a time; of those about a
 * value the value alone, and so those too that too few orders are in to be open. Tells what it costs, also while an answer is
 * waited for. Nothing else waits for it: what the model says stands beside a finding, whenever that is.
 */
export function startAskingModel({ redis, model, now, onError }: AskingParts): { stop(): Promise<void> } {
  const me = randomUUID();
  const { asking } = qualityKeys;
  const isMine = () => ofItsType(redis, asking, holdLease(redis, asking, me, LEASE_MS), false);
  const tell = async () => {
    if (await isMine()) await keepSpend(redis, model.model, await model.spend());
  };
  const turn = async () => {
    if (!(await isMine())) return;
    const [open, rare] = await Promise.all([
      readGroups(redis, MOST_LOOKED_AT),
      readRareGroups(redis, MOST_LOOKED_AT),
    ]);
    const due = [...open, ...rare].filter((group) => isDue(group, now()));
    const groups = [
      ...due.filter(({ rule, isOpen }) => isOpen && !isOfValue(rule)).slice(0, MOST_AT_ONCE),
      ...due.filter(({ rule }) => isOfValue(rule)).slice(0, MOST_VALUES_AT_ONCE),
    ];
    if (groups.length === 0) return;
    await ask(redis, model, groups, now());
    await tell();
  };
  const repeated = [tell, turn].map((run) => every(ASK_EVERY_MS, run, { atOnce: true, onError }));
  return {
    async stop() {
      await Promise.all(repeated.map((each) => each.stop()));
      await letGoOfLease(redis, asking, me);
    },
  };
}

function isDue({ rule, finding, told, samples, lastSeen }: Group, now: number): boolean {
  if (!isAskedAbout(finding)) return false;
  if ((samples.length === 0 && !isOfValue(rule)) || lastSeen < now - QUIET_MS) return false;
  return told === undefined || (PASSING.test(told.outcome) && Date.parse(told.at) < now - AGAIN_MS);
}

async function ask(
  redis: Redis | Cluster,
  model: AskingParts['model'],
  groups: readonly Group[],
  now: number,
): Promise<void> {
  const answers = await opinionsOn(
    model,
    groups.map(({ id, finding, findings, samples }) => ({ id, finding, count: findings, samples })),
  );
  const at = new Date(now).toISOString();
  await Promise.all(
    answers.map(({ id, outcome, opinion }) => {
      const told: Told = { outcome, at, ...(opinion ? { opinion } : {}) };
      return redis.eval(TELL, 1, qualityKeys.group(id), JSON.stringify(told));
    }),
  );
}

/** KEYS[1] the group; ARGV[1] what was told. One that was dropped meanwhile stays away. */
const TELL = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'told', ARGV[1]) end";

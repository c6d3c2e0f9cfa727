import type { Cluster, Redis } from 'ioredis';
import { toJsonAmount } from '../../orders/money.ts';
import { isLearned } from '../../quality/baselines/baselines.ts';
import type { Finding, Fix } from '../../quality/finding.ts';
import { readLabels, readMuted, targetOf } from '../../quality/outcomes/answers.ts';
import {
  type Group,
  type GroupState,
  groupId,
  groupState,
  type KeptFlagged,
  MOST_GROUPS,
  mutedAlone,
} from '../../quality/outcomes/groups.ts';
import { judged, type Label, type Verdict } from '../../quality/outcomes/precision.ts';
import { readGroups, readRareGroups } from '../../quality/outcomes/readGroups.ts';

/* What is told of findings and groups, by the API and by the command in the same words. */

export const iso = (ms: number): string => new Date(ms).toISOString();

/** `all`: those too that too few orders are in to be open, and of which the page shows no more than their number. */
export async function knownOf(redis: Redis | Cluster, now: number, all = false) {
  const [groups, labels, muted] = await Promise.all([
    Promise.all([readGroups(redis, MOST_GROUPS), all ? readRareGroups(redis, MOST_GROUPS) : []]).then(
      (some) => some.flat(),
    ),
    readLabels(redis),
    readMuted(redis),
  ]);
  const stateOf = (group: Group) => groupState(group, muted, now);
  const answerOf = (group: Group) =>
    groupAnswer(group, stateOf(group), labels.get(targetOf({ group: group.id })) ?? []);
  const alone = mutedAlone(muted, groups).map(({ id, rule, key }) => ({ group: id, rule, key }));
  return { groups, labels, muted, mutedAlone: alone, stateOf, answerOf };
}

const findingAnswer = (finding: Finding) => {
  const { rule, version, key, severity, path, observed, expected, from, confidence, fix } = finding;
  return {
    rule,
    version,
    key,
    severity,
    path,
    observed,
    expected,
    from: from ?? null,
    confidence,
    fix: fix ? fix.map(({ path: at, value }) => ({ path: at, value })) : null,
  };
};

export const flaggedAnswer = ({ message, at, held, minorUnits, findings }: KeptFlagged) => ({
  message_id: message,
  at: iso(at),
  held,
  money: toJsonAmount(minorUnits),
  findings: findings.map((finding) => ({ ...findingAnswer(finding), group: groupId(finding) })),
});

function groupAnswer(group: Group, state: GroupState, labels: readonly Label[]) {
  const of = (verdict: Verdict) => labels.filter((label) => label.verdict === verdict).length;
  return {
    group: group.id,
    ...findingAnswer(group.finding),
    severity: group.severity,
    state,
    learned: isLearned(group.rule),
    orders: group.orders,
    findings: group.findings,
    money: toJsonAmount(group.minorUnits),
    first_seen: iso(group.firstSeen),
    last_seen: iso(group.lastSeen),
    examples: [...group.examples].reverse(),
    seen: group.seen.map(([at, observed, expected]) => ({ at: iso(at), observed, expected })),
    labels: {
      right: of('right'),
      wrong: of('wrong'),
      unsure: of('unsure'),
      together: labels.length === 0 ? null : judged(labels),
    },
    model: toldAnswer(group.told),
  };
}

function toldAnswer(told: Group['told']) {
  if (told === undefined) return null;
  const { outcome, opinion } = told;
  return {
    outcome,
    verdict: opinion?.verdict ?? null,
    cause: opinion?.cause ?? null,
    explanation: opinion?.explanation ?? null,
    fixes: (opinion?.fixes ?? []).map(({ ref, fix }) => ({
      message_id: ref,
      fix: fix.map(({ path, value }: Fix) => ({ path, value })),
    })),
  };
}

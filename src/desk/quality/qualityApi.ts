import type { Author } from '../../audit/auditEntry.ts';
import { isOfManyOrders } from '../../quality/finding.ts';
import { byRule, type Lowered, readLowered, readMuted } from '../../quality/outcomes/answers.ts';
import type { Group, GroupState } from '../../quality/outcomes/groups.ts';
import { readSpend } from '../../quality/outcomes/modelSpend.ts';
import type { Label, Verdict } from '../../quality/outcomes/precision.ts';
import { countGroups, readFindings, readFlagged } from '../../quality/outcomes/readGroups.ts';
import {
  type AnsweringParts,
  labelFinding,
  labelGroup,
  muteGroup,
  resetRule,
  restoreRule,
} from './answering.ts';
import { flaggedAnswer, iso, knownOf } from './qualityAnswers.ts';

export type Span = 'hour' | 'day' | 'month';

/** What became of orders in a stretch of time. */
export interface OutcomePoint {
  /** When it begins, s since 1970. */
  time: number;
  counted: number;
  reviewed: number;
  flagged: number;
  lost: number;
  held: number;
  invalid: number;
  linesReviewed: number;
  linesWarm: number;
}

export interface QualityParts extends AnsweringParts {
  currency: string;
  layers: ('rules' | 'learned')[];
  now: () => number;
  /** What processes did, in steps; oldest first. */
  history: (span: Span) => Promise<{ step: number; points: OutcomePoint[] }>;
}

const MOST_DRIFTS = 20;

/** What Prometheus is told of the whole installation. */
export async function qualityFigures({ redis, now }: Pick<QualityParts, 'redis' | 'now'>) {
  const [muted, model] = await Promise.all([readMuted(redis), readSpend(redis)]);
  return { groups: await countGroups(redis, muted.values(), now()), model };
}

/** What the quality stage answers to programs, and to its page, which uses nothing else. @throws NoTrace */
export function makeQualityApi(parts: QualityParts) {
  const { redis, currency } = parts;
  const known = (all = false) => knownOf(redis, parts.now(), all);
  return {
    async qualitySummary({ span }: { span: Span }) {
      const [{ step, points }, { groups, labels, muted, stateOf }, lowered, model] = await Promise.all([
        parts.history(span),
        known(),
        readLowered(redis),
        readSpend(redis),
      ]);
      const sum = (of: (point: OutcomePoint) => number) => points.reduce((all, point) => all + of(point), 0);
      const whole = shares({
        counted: sum(({ counted }) => counted),
        reviewed: sum(({ reviewed }) => reviewed),
        flagged: sum(({ flagged }) => flagged),
        held: sum(({ held }) => held),
        invalid: sum(({ invalid }) => invalid),
      });
      const [lines, warm] = [sum(({ linesReviewed }) => linesReviewed), sum(({ linesWarm }) => linesWarm)];
      return {
        currency,
        layers: parts.layers,
        span,
        step_seconds: step,
        points: points.map((point) => ({ time: iso(point.time * 1_000), ...shares(point) })),
        orders: { ...whole, lost: sum(({ lost }) => lost) },
        groups: await countGroups(redis, muted.values(), parts.now()),
        lines: { reviewed: lines, warm, share: lines === 0 ? null : warm / lines },
        rules: rulesOf(groups, labels, lowered, [...muted.values()]),
        drift: groups
          .filter((group) => isOfManyOrders(group.rule) && stateOf(group) === 'open')
          .sort((a, b) => b.orders - a.orders)
          .slice(0, MOST_DRIFTS)
          .map(({ key, rule, orders, finding: { observed, expected }, lastSeen }) => ({
            key,
            rule,
            orders,
            observed,
            expected,
            last_seen: iso(lastSeen),
          })),
        model,
      };
    },
    async qualityGroups({ state, limit }: { state: GroupState | 'all'; limit: number }) {
      const { groups, mutedAlone, stateOf, answerOf } = await known(state !== 'open');
      const wanted = groups.filter((group) => state === 'all' || stateOf(group) === state);
      const alone = state === 'all' || state === 'muted' ? mutedAlone : [];
      return {
        currency,
        muted: alone.slice(0, Math.max(0, limit - wanted.length)),
        groups: wanted.slice(0, limit).map(answerOf),
      };
    },
    async qualityFindings({ before, limit }: { before?: string | undefined; limit: number }) {
      const from = before === undefined ? undefined : Date.parse(before);
      const { orders, next } = await readFlagged(redis, limit, from);
      return {
        currency,
        orders: orders.map(flaggedAnswer),
        before: next === undefined ? null : iso(next),
      };
    },
    async orderFindings({ message_id: message }: { message_id: string }) {
      const found = await readFindings(redis, message);
      if (found === undefined)
        return { message_id: message, currency, at: null, held: false, money: null, findings: [] };
      return { currency, ...flaggedAnswer(found) };
    },
    labelGroup: async ({ group, label, because }: Labelling & { group: string }, who: Author) =>
      labelledAnswer(await labelGroup(parts, who, { group, verdict: label, because })),
    labelFinding: async (
      { message_id: message, finding, label, because }: Labelling & { message_id: string; finding: string },
      who: Author,
    ) =>
      labelledAnswer(
        await labelFinding(parts, who, { message, finding: Number(finding), verdict: label, because }),
      ),
    async muteGroup(
      { group, muted, because }: { group: string; muted: boolean; because?: string | undefined },
      who: Author,
    ) {
      await muteGroup(parts, who, { group, muted, because });
      return DONE;
    },
    async restoreRule({ rule, because }: { rule: string; because?: string | undefined }, who: Author) {
      await restoreRule(parts, who, { rule, because });
      return DONE;
    },
    async resetRule(
      what: { rule: string; key?: string | undefined; because?: string | undefined },
      who: Author,
    ) {
      await resetRule(parts, who, what);
      return DONE;
    },
  };
}

interface Labelling {
  label: Verdict;
  because?: string | undefined;
}

const DONE = { done: true } as const;

const labelledAnswer = ({
  verdict,
  lowered,
}: {
  verdict: Verdict | 'disputed';
  lowered: Lowered | null;
}) => ({
  together: verdict,
  lowered,
});

/** Reviewed orders are counted ones and held ones. A process may have told of a flag before it told of the order. */
function shares(sums: Pick<OutcomePoint, 'counted' | 'reviewed' | 'flagged' | 'held' | 'invalid'>) {
  const { counted, reviewed, flagged, held, invalid } = sums;
  const warned = Math.max(0, flagged - held);
  const clean = Math.max(0, Math.min(counted, reviewed - held) - warned);
  return { clean, warned, held, invalid, unreviewed: Math.max(0, counted - clean - warned) };
}

function rulesOf(
  groups: readonly Group[],
  labels: ReadonlyMap<string, Label[]>,
  lowered: ReadonlyMap<string, Lowered>,
  muted: readonly { rule: string }[],
) {
  const precisions = byRule(labels);
  const rules = new Set([
    ...[...groups, ...muted].map(({ rule }) => rule),
    ...precisions.keys(),
    ...lowered.keys(),
  ]);
  return [...rules].sort().map((rule) => {
    const { right = 0, wrong = 0, unsure = 0, disputed = 0, share } = precisions.get(rule) ?? {};
    return {
      rule,
      right,
      wrong,
      unsure,
      disputed,
      precision: share ?? null,
      lowered: lowered.get(rule) ?? null,
      muted: muted.filter((one) => one.rule === rule).length,
      groups: groups.filter((group) => group.rule === rule).length,
    };
  });
}

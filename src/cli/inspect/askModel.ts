import type { Logger } from 'winston';
import type { Config } from '../../config/config.ts';
import type { Order } from '../../orders/order.ts';
import { makeParseOrder } from '../../orders/parseOrder.ts';
import { rulesPass } from '../../quality/fixes.ts';
import type {
  GroupToReview,
  JudgedValue,
  Opinion,
  ReviewedOrder,
  ValueKind,
} from '../../quality/model/opinion.ts';
import { isOfValue, opinionsOn } from '../../quality/model/opinions.ts';
import { placeOf } from '../../quality/model/place.ts';
import type { Progress } from '../kit/progress.ts';
import type { OpenRedis } from '../kit/withRedis.ts';
import type { Inspected, InspectedGroup } from './inspected.ts';

/** What the model said of a group, or how its question ended. */
export type Asked = { outcome: string; opinion?: Opinion };

/** What the model says of a value that stands in the file. */
export interface SaidOfValue extends JudgedValue {
  kind: ValueKind;
  /** The first that has it. */
  line: number;
}

export interface ModelsPart {
  groups: ReadonlyMap<InspectedGroup, Asked>;
  /** What it takes for wrong, or could not be asked about. */
  values: SaidOfValue[];
  /** Of the sample, those that it says something of. */
  orders: ReviewedOrder[];
  /** Own rules that it would make, a file each. */
  drafts: string[];
  asked: number;
  spent: { dollars: number; calls: number };
}

const MOST_GROUPS = 48;
const MOST_VALUES = 200;

export type Shown = ReturnType<ReturnType<typeof toShow>['all']>;

/** The different ways to pay and places of a file, each once, and so many of its orders, picked at random. */
export function toShow(sample: number) {
  const seen = new Map<string, { kind: ValueKind; value: string; line: number }>();
  const orders: { line: number; order: unknown }[] = [];
  let passed = 0;
  return {
    see(line: number, { paymentMethod, shippingAddress }: Order, sent: unknown): void {
      // Of a file of any length each order is as likely (reservoir sampling).
      const at = passed < sample ? passed : Math.floor(Math.random() * (passed + 1));
      passed += 1;
      if (at < sample) orders[at] = { line, order: sent };
      const values: [ValueKind, string | undefined][] = [
        ['payment_method', paymentMethod],
        ['place', shippingAddress === undefined ? undefined : placeOf(shippingAddress)],
      ];
      for (const [kind, value = ''] of values) {
        const name = `${kind} ${value.toUpperCase()}`;
        if (value !== '' && seen.size < MOST_VALUES && !seen.has(name)) seen.set(name, { kind, value, line });
      }
    },
    all: () => ({ values: [...seen.values()], orders }),
  };
}

/** Shows the model the gravest groups of a file, its distinct values and the sample, on the budget that all processes share. */
export async function askModel(
  { groups }: Inspected,
  { values, orders }: Shown,
  {
    config,
    redis,
    log,
    drafts,
    progress,
    signal,
  }: {
    config: Config;
    redis: OpenRedis['redis'];
    log: Pick<Logger, 'info' | 'warn'>;
    drafts: boolean;
    progress: Progress;
    /** Ends the question under way, and puts no other. */
    signal: AbortSignal | undefined;
  },
): Promise<ModelsPart> {
  if (!config.model) throw new Error('no model is configured');
  const { openReviewer } = await import('../../quality/model/reviewer.ts');
  const parse = makeParseOrder(config.rules);
  const receivedAt = new Date().toISOString();
  const mends = (order: unknown, fix: Parameters<typeof rulesPass>[1]) =>
    rulesPass(order, fix, { parse, receivedAt }) !== undefined;
  const model = openReviewer({ config: config.model, redis, log, mends });
  const stop = () => model.close();
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  const before = await model.spend();
  const shown = groups.slice(0, MOST_GROUPS);
  const asGroups = new Set(shown.filter(({ rule }) => isOfValue(rule)).map(({ key }) => key));
  const others = values.filter(({ value }) => !asGroups.has(value));
  const asked = shown.length + others.length + orders.length;
  progress.begin('asking the model', asked + (drafts ? shown.length : 0));
  const answers = await opinionsOn(model, shown.map(toReview));
  progress.add(shown.length);
  const said: SaidOfValue[] = [];
  for (const kind of ['payment_method', 'place'] as const) {
    const own = others.filter((each) => each.kind === kind);
    const judged = await model.judgeValues(
      kind,
      own.map(({ value }) => value),
    );
    progress.add(own.length);
    for (const [at, each] of judged.entries())
      if (each.outcome !== 'ok' || each.verdict === 'defect')
        said.push({ ...each, kind, line: own[at]?.line ?? 0 });
  }
  const sampled = await model.reviewOrders(orders.map(({ line, order }) => ({ ref: String(line), order })));
  progress.add(orders.length);
  const drafted = drafts ? await model.draftRules(shown.map(toReview)) : [];
  const after = await model.spend();
  signal?.removeEventListener('abort', stop);
  model.close();
  const told = new Map(
    answers.map(({ id, outcome, opinion }) => [id, { outcome, ...(opinion ? { opinion } : {}) }]),
  );
  return {
    groups: new Map(
      shown.flatMap((group, at) => (told.has(String(at)) ? [[group, told.get(String(at)) as Asked]] : [])),
    ),
    values: said,
    orders: sampled.filter(({ outcome, findings = [] }) => outcome !== 'ok' || findings.length > 0),
    drafts: drafted.flatMap(({ drafts: some = [] }) => some),
    asked,
    spent: { dollars: after.dollars - before.dollars, calls: after.calls - before.calls },
  };
}

function toReview({ rule, key, count, findings, orders }: InspectedGroup, at: number): GroupToReview {
  const [first] = findings as [InspectedGroup['findings'][number]];
  const { path, observed, expected } = first;
  const finding = {
    rule,
    version: 1,
    path,
    key,
    severity: 'warn',
    observed,
    expected,
    confidence: 1,
  } as const;
  const samples = findings.flatMap(({ line, path: where }) => {
    const order = orders.get(line);
    return order === undefined ? [] : [{ ref: String(line), order, path: where }];
  });
  return { id: String(at), finding, count, samples };
}

const ofGroup = ({ outcome, opinion }: Asked): string =>
  opinion === undefined
    ? `no answer: ${outcome.replaceAll('_', ' ')}`
    : `${opinion.verdict}, ${opinion.cause.replaceAll('_', ' ')}${opinion.explanation ? `: ${opinion.explanation}` : ''}`;

const ofValue = ({ outcome, verdict, cause, meant }: SaidOfValue): string =>
  verdict === undefined
    ? `no answer: ${outcome.replaceAll('_', ' ')}`
    : `${verdict}, ${(cause ?? 'other').replaceAll('_', ' ')}${meant ? `: likely meant ${meant}` : ''}`;

/** What it said, a row each: of what, and what. An opinion, and shown as one. */
export const modelRows = ({ groups, values, orders }: ModelsPart): [about: string, said: string][] => [
  ...[...groups].map(([{ rule, key, findings }, asked]): [string, string] => [
    `${rule} ${key}, line ${findings[0]?.line ?? 0}`,
    ofGroup(asked),
  ]),
  ...values.map((one): [string, string] => [
    `${one.kind.replaceAll('_', ' ')} ${one.value}, line ${one.line}`,
    ofValue(one),
  ]),
  ...orders.flatMap(({ ref, outcome, findings = [] }): [string, string][] =>
    outcome === 'ok'
      ? findings.map(({ path, expected }): [string, string] => [
          `${path}, line ${ref}`,
          `defect: ${expected}`,
        ])
      : [[`the order of line ${ref}`, `no answer: ${outcome.replaceAll('_', ' ')}`]],
  ),
];

import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type * as z from 'zod';
import type { Finding } from '../finding.ts';
import { type AskingParts, askAbout, type Entry, type Judged, type Kind } from './batch.ts';
import { ASSUMED_PRICE, Budget } from './budget.ts';
import { groupCanaries, MAY_CHANGE, MAY_NAME, orderCanaries, valueCanaries } from './canaries.ts';
import { draftsOf } from './draftedRules.ts';
import { Endpoint } from './endpoint.ts';
import { fixablePaths, fixesBySample, nameablePaths, valueAt } from './fixes.ts';
import type { CallOutcome, GroupToReview, Mends, ModelReviewer, SampleOrder } from './opinion.ts';
import {
  draftsPrompt,
  draftsShape,
  groupsPrompt,
  groupsShape,
  type Names,
  ordersPrompt,
  ordersShape,
  PROMPT_VERSION,
  valuesPrompt,
  valuesShape,
} from './questions.ts';
import { marked, Redaction, withoutContacts } from './redact.ts';
import { plainSentence } from './sentence.ts';

/** What the configuration says of the model; see config/model.ts. */
export interface ModelOptions {
  baseUrl: string;
  name: string;
  apiKey: string | undefined;
  price: { input: number; output: number } | undefined;
  dailyDollars: number;
  dailyTokens: number;
  timeoutMs: number;
  wholeAddresses: boolean;
}

export interface ReviewerParts {
  config: ModelOptions;
  /** Best one that fails fast: with a patient one, a call waits for Redis until its own deadline. */
  redis: Redis | Cluster;
  log: Pick<Logger, 'info' | 'warn'>;
  /** No fix of the model's is shown that this does not take. */
  mends: Mends;
  now?: () => number;
  random?: () => number;
}

const SAMPLES_SHOWN = 2;
const NAMES = ['a', 'b', 'c'];
const KNOWN_SHOWN = 40;
/** What the model says of one order on its own is a hint. */
const ORDER_CONFIDENCE = 0.5;

/** Opens the part that asks a language model. It asks nothing by itself, and what it answers decides nothing. */
export function openReviewer({
  config,
  redis,
  log,
  mends,
  now = Date.now,
  random = Math.random,
}: ReviewerParts): ModelReviewer {
  const { wholeAddresses } = config;
  const price = config.price ?? ASSUMED_PRICE;
  const budget = new Budget(redis, price, { dollars: config.dailyDollars, tokens: config.dailyTokens });
  const said = new Map<CallOutcome, number>();
  /** Of each way to fail, the first of an hour. */
  const tell = (outcome: CallOutcome) => {
    if (outcome === 'ok' || now() < (said.get(outcome) ?? 0)) return;
    said.set(outcome, now() + 3_600_000);
    log.warn('the language model did not answer as it should', { model: config.name, outcome });
  };
  const endpoint = new Endpoint({
    baseUrl: config.baseUrl,
    model: config.name,
    apiKey: config.apiKey,
    timeoutMs: config.timeoutMs,
    budget,
    onCall: tell,
    now,
  });
  const parts: AskingParts = {
    endpoint,
    redis,
    model: config.name,
    random,
    onMissedCanary: async () => {
      tell('canary_failed');
      await budget.count('canary_failed').catch(() => {});
    },
  };
  log.info('a language model is asked about groups of findings', {
    at: new URL(config.baseUrl).origin,
    model: config.name,
    dollars_per_million_tokens: `${price.input}/${price.output}`,
    ...(config.price ? {} : { assumed: 'nobody said what it costs: set LLM_PRICE' }),
    dollars_a_day: config.dailyDollars,
    addresses: wholeAddresses ? 'whole' : 'city, region, country',
  });

  /** Asks about each thing, and tells what was said of it under its name; or how its question ended. */
  async function askEach<T, A extends Judged, N extends object, R extends object>(
    things: readonly T[],
    entryOf: (thing: T) => Entry,
    kind: Kind<A>,
    nameOf: (thing: T) => N,
    tell: (thing: T, said: { answer: A; mark: string }) => R,
  ) {
    const said = await askAbout(parts, kind, things.map(entryOf));
    return things.map((thing, at) => {
      const own = said[at] as (typeof said)[number];
      if (own.outcome !== 'ok') return { ...nameOf(thing), outcome: own.outcome, cached: false as const };
      return { ...nameOf(thing), outcome: own.outcome, cached: own.cached, ...tell(thing, own) };
    });
  }

  return {
    model: config.name,
    promptVersion: PROMPT_VERSION,

    async reviewGroups(groups) {
      const kind = {
        name: 'groups',
        prompt: groupsPrompt,
        shape: groupsShape,
        canaries: (mark: string) => groupCanaries(mark, random),
        canaryPaths: MAY_CHANGE,
        most: 6,
        tokensEach: 160,
      };
      return askEach(
        groups,
        (group) => groupEntry(group, wholeAddresses),
        kind,
        ({ id }) => ({ id }),
        (group, { answer: { verdict, cause, explanation, fixes }, mark }) => ({
          opinion: {
            verdict,
            cause,
            explanation: plainSentence(explanation, mark),
            // Nothing is to be mended where nothing is wrong.
            fixes: verdict === 'defect' ? fixesBySample(samplesOf(group), fixes, mark, mends) : [],
          },
        }),
      );
    },

    async judgeValues(kind, values, known = []) {
      const usual = known.slice(0, KNOWN_SHOWN).map((value) => withoutContacts(value));
      const asked = {
        name: kind,
        prompt: (mark: string) => valuesPrompt(kind, mark),
        shape: ({ ids }: Names) =>
          valuesShape(
            ids,
            usual.map((_, at) => `k${at + 1}`),
          ),
        canaries: (mark: string) => valueCanaries(kind, usual, mark, random),
        canaryPaths: [],
        beside: (mark: string) => ({
          known: usual.map((value, at) => ({ id: `k${at + 1}`, value: marked(value, mark) })),
        }),
        settled: (answer: z.output<ReturnType<typeof valuesShape>>['answers'][number]) => ({
          ...answer,
          meant: known[Number(/^k(\d+)$/.exec(answer.meant ?? '')?.[1] ?? 0) - 1] ?? null,
        }),
        most: 40,
        tokensEach: 40,
      };
      return askEach(
        values,
        valueEntry,
        asked,
        (value) => ({ value }),
        (value, { answer: { verdict, cause, meant } }) => ({
          verdict,
          cause,
          ...(meant === null || meant === value ? {} : { meant }),
        }),
      );
    },

    async reviewOrders(orders) {
      const kind = {
        name: 'orders',
        prompt: ordersPrompt,
        shape: ordersShape,
        canaries: (mark: string) => orderCanaries(mark, random),
        canaryPaths: MAY_NAME,
        most: 8,
        tokensEach: 160,
      };
      return askEach(
        orders,
        (order) => orderEntry(order, wholeAddresses),
        kind,
        ({ ref }) => ({ ref }),
        ({ order }, { answer: { verdict, issues }, mark }) => {
          const redaction = new Redaction([order], { mark: ' ', wholeAddresses });
          const named = nameablePaths(order);
          const findings = (verdict === 'defect' ? issues : [])
            .filter(({ path }) => named.includes(path))
            .map(
              ({ path, cause, explanation }): Finding => ({
                rule: 'model_review',
                version: PROMPT_VERSION,
                path,
                key: cause,
                severity: 'info',
                observed: redaction.said(String(valueAt(order, path)), path) ?? '',
                expected: plainSentence(explanation, mark) ?? cause.replaceAll('_', ' '),
                confidence: ORDER_CONFIDENCE,
              }),
            );
          return { findings };
        },
      );
    },

    async draftRules(groups) {
      const kind = {
        name: 'drafts',
        prompt: draftsPrompt,
        shape: ({ ids }: Names) => draftsShape(ids),
        canaries: (mark: string) => groupCanaries(mark, random),
        canaryPaths: [],
        most: 6,
        tokensEach: 160,
      };
      return askEach(
        groups,
        (group) => groupEntry(group, wholeAddresses),
        kind,
        ({ id }) => ({ id }),
        ({ finding }, { answer: { verdict, rules }, mark }) => ({
          drafts: verdict === 'defect' ? draftsOf(finding.rule, rules, mark) : [],
        }),
      );
    },

    async spend() {
      return {
        ...(await budget.today()),
        price: { ...price, from: config.price ? 'configured' : 'assumed' },
        openUntil: endpoint.openUntil,
      };
    },

    close: () => endpoint.close(),
  };
}

const samplesOf = (group: GroupToReview) =>
  group.samples.slice(0, SAMPLES_SHOWN).map(({ ref, order, path = group.finding.path }, at) => ({
    ref,
    order,
    path,
    finding: { ...group.finding, path },
    name: NAMES[at] as string,
    mayChange: fixablePaths(order, path),
  }));

function groupEntry(group: GroupToReview, wholeAddresses: boolean): Entry {
  const samples = samplesOf(group);
  const { rule, path, key, observed, expected, from } = group.finding;
  return {
    show: (mark) => {
      const redaction = new Redaction(
        samples.map(({ order }) => order),
        { mark, wholeAddresses },
      );
      return {
        check: rule,
        field: path,
        about: redaction.key(key, path),
        observed: redaction.said(observed, path),
        expected: redaction.said(expected, path),
        seen_before: from,
        orders: samples.map(({ order, path: at, name, mayChange }) => ({
          ...redaction.order(order, name, at),
          may_change: mayChange,
        })),
      };
    },
    paths: [...new Set(samples.flatMap(({ mayChange }) => mayChange))],
  };
}

const valueEntry = (value: string): Entry => ({
  show: (mark) => ({ value: marked(withoutContacts(value), mark) }),
  paths: [],
});

const orderEntry = ({ order }: SampleOrder, wholeAddresses: boolean): Entry => {
  const paths = nameablePaths(order);
  return {
    show: (mark) => ({
      orders: [{ ...new Redaction([order], { mark, wholeAddresses }).order(order, 'a'), may_name: paths }],
    }),
    paths,
  };
};

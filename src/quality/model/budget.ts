import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { DAY_MS } from '../../runtime/units.ts';
import { MODEL_SPEND_KEY } from '../../store/keys.ts';
import { redisScript } from '../../store/redisScript.ts';
import { ofItsType, tellDamaged } from '../../store/stored.ts';
import type { CallOutcome, Spend } from './opinion.ts';

/** Dollars per million tokens. */
export interface Price {
  input: number;
  output: number;
}

/** What a model costs of which nobody said the price: more than nearly all do, so that a cap on dollars is one. */
export const ASSUMED_PRICE: Price = { input: 15, output: 75 };

export interface Tokens {
  input: number;
  output: number;
}

/** What a call was charged before it was made. */
export interface Reserved {
  day: string;
  most: Tokens;
}

/** No call of ours comes near it; an endpoint that says more has lost count. */
const MOST_TOKENS = 10_000_000;
const NANO = 1e9;

const script = (name: string) => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');
const reserveCall = redisScript<[number, string]>('reserveModelCall', {
  numberOfKeys: 1,
  lua: script('reserve'),
});
const settleCall = redisScript<null>('settleModelCall', { numberOfKeys: 1, lua: script('settle') });

/**
 * What all processes together spend in a day. A call is charged at its most before it is made and corrected after it,
 * so calls that run at once cannot pass the cap together; one that nobody came back from stays charged.
 */
export class Budget {
  readonly #redis: Redis | Cluster;
  readonly #price: Price;
  readonly #dollarsCap: number;
  readonly #tokensCap: number;

  constructor(redis: Redis | Cluster, price: Price, caps: { dollars: number; tokens: number }) {
    this.#redis = redis;
    this.#price = price;
    this.#dollarsCap = caps.dollars;
    this.#tokensCap = caps.tokens;
  }

  /** Rejects when Redis does not say. */
  async reserve(most: Tokens): Promise<Reserved | 'over_budget'> {
    const answer = reserveCall(
      this.#redis,
      MODEL_SPEND_KEY,
      this.#nano(most),
      most.input + most.output,
      Math.floor(this.#dollarsCap * NANO),
      this.#tokensCap,
    );
    const [granted, day] = await ofItsType(this.#redis, MODEL_SPEND_KEY, answer, [0, '']);
    return granted === 1 ? { day, most } : 'over_budget';
  }

  /** `used` undefined: nobody knows, so what was reserved is what it cost. Rejects when Redis does not take it. */
  async settle({ day, most }: Reserved, used: Tokens | undefined, outcome: CallOutcome): Promise<void> {
    const cost = used ?? most;
    await settleCall(
      this.#redis,
      MODEL_SPEND_KEY,
      day,
      this.#nano(cost) - this.#nano(most),
      cost.input + cost.output - most.input - most.output,
      outcome,
    );
  }

  /** Something that cost nothing of its own, for today's count. */
  async count(outcome: CallOutcome): Promise<void> {
    const { day } = await this.today();
    const days = String(Date.parse(day) / DAY_MS);
    await settleCall(this.#redis, MODEL_SPEND_KEY, days, 0, 0, outcome);
  }

  async today(): Promise<Omit<Spend, 'price' | 'openUntil'>> {
    const [[seconds], kept] = await Promise.all([
      this.#redis.time() as unknown as Promise<[number, number]>,
      ofItsType<Record<string, string>>(
        this.#redis,
        MODEL_SPEND_KEY,
        this.#redis.hgetall(MODEL_SPEND_KEY),
        {},
      ),
    ]);
    const day = Math.floor(Number(seconds) / (DAY_MS / 1_000));
    const of = (name: string, unreadable = 0): number => {
      const amount = kept.day === String(day) ? Number(kept[name] ?? 0) : 0;
      if (Number.isFinite(amount)) return amount;
      tellDamaged(this.#redis, { key: MODEL_SPEND_KEY, field: name });
      return unreadable;
    };
    return {
      day: new Date(day * DAY_MS).toISOString().slice(0, 10),
      dollars: of('nano', this.#dollarsCap * NANO) / NANO,
      dollarsCap: this.#dollarsCap,
      tokens: of('tokens', this.#tokensCap),
      tokensCap: this.#tokensCap,
      calls: of('calls'),
      outcomes: Object.fromEntries(
        Object.keys(kept)
          .filter((name) => name.startsWith('outcome:') && of(name) > 0)
          .map((name) => [name.slice('outcome:'.length), of(name)]),
      ),
    };
  }

  #nano({ input, output }: Tokens): number {
    return Math.ceil((input * this.#price.input + output * this.#price.output) * (NANO / 1e6));
  }
}

/** What an answer says that it took; undefined when it does not say, or says what cannot be. */
export function usedTokens(usage: unknown): Tokens | undefined {
  const { prompt_tokens: input, completion_tokens: output } = (usage ?? {}) as Record<string, unknown>;
  return isCount(input) && isCount(output) && input > 0 ? { input, output } : undefined;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MOST_TOKENS;

import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { PEOPLE_KEY, SIGNED_OUT_KEY, signInLinkKey } from '../store/keys.ts';
import { redisScript } from '../store/redisScript.ts';
import { redisNow } from '../store/redisTime.ts';
import { linkDigest, makeSecret, type StoredPerson } from './people.ts';
import { isAccessRole } from './roles.ts';

const SCRIPT = readFileSync(new URL('./changePerson.lua', import.meta.url), 'utf8');

const callScript = redisScript<0 | 1>('changePerson', { numberOfKeys: 1, lua: SCRIPT });

export type ListedPerson = StoredPerson & { id: string };

/** The people in Redis. Every call rejects while Redis is away. */
export class PeopleStore {
  readonly #redis: Redis | Cluster;

  constructor(redis: Redis | Cluster) {
    this.#redis = redis;
  }

  async find(id: string): Promise<StoredPerson | undefined> {
    return parse(await this.#redis.hget(PEOPLE_KEY, id));
  }

  /** By name, without those that nobody can read. */
  async list(): Promise<ListedPerson[]> {
    return Object.entries(await this.#redis.hgetall(PEOPLE_KEY))
      .flatMap(([id, text]) => {
        const person = parse(text);
        return person === undefined ? [] : [{ id, ...person }];
      })
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Ids under which stands what nobody can read: whoever it was cannot sign in, and is invited anew or removed. */
  async damaged(): Promise<string[]> {
    return Object.entries(await this.#redis.hgetall(PEOPLE_KEY))
      .filter(([, text]) => parse(text) === undefined)
      .map(([id]) => id)
      .sort();
  }

  async isAnybodyThere(): Promise<boolean> {
    return (await this.#redis.hlen(PEOPLE_KEY)) > 0;
  }

  /** Whether any of them has a password, or an invitation that is good. */
  async mayAnybodySignIn(): Promise<boolean> {
    const [all, now] = await Promise.all([this.list(), this.now()]);
    return all.some(({ password, invitation }) => password !== undefined || (invitation?.until ?? 0) > now);
  }

  /**
   * Replaces what is kept by what `next` makes of it, undefined for nobody; asks it again when somebody else was
   * quicker, so that no change undoes another. Resolves to what is kept now.
   */
  async change(
    id: string,
    next: (seen: StoredPerson | undefined) => StoredPerson | undefined,
  ): Promise<StoredPerson | undefined> {
    for (;;) {
      const seen = (await this.#redis.hget(PEOPLE_KEY, id)) ?? '';
      const wanted = next(parse(seen));
      const text = wanted === undefined ? '' : JSON.stringify(wanted);
      if (seen === text || (await callScript(this.#redis, PEOPLE_KEY, id, seen, text)) === 1) return wanted;
    }
  }

  /** Milliseconds since 1970 by Redis's clock: sessions are as old as it says, whichever process asks. */
  async now(): Promise<number> {
    return redisNow(this.#redis);
  }

  /** Ends every session that this person has. */
  async signOutEverywhere(id: string): Promise<void> {
    await this.#redis.hset(SIGNED_OUT_KEY, id, await this.now());
  }

  /** Sessions that began until then are over; 0 when that never happened. */
  async signedOutUntil(id: string): Promise<number> {
    return Number((await this.#redis.hget(SIGNED_OUT_KEY, id)) ?? 0);
  }

  /** The secret of a link that signs a visitor in, once. */
  async makeSignInLink(forMs: number): Promise<string> {
    const { secret, digest } = makeSecret();
    await this.#redis.set(signInLinkKey(digest), '1', 'PX', forMs);
    return secret;
  }

  /** Whether it was such a secret, and nobody had followed the link before. */
  async takeSignInLink(secret: string): Promise<boolean> {
    return (await this.#redis.del(signInLinkKey(linkDigest(secret)))) === 1;
  }
}

/** Undefined also for what is none of ours. */
function parse(text: string | null): StoredPerson | undefined {
  try {
    const person = JSON.parse(text ?? '') as Partial<StoredPerson> | null;
    const { name, role, createdAt } = person ?? {};
    const isOurs =
      typeof name === 'string' && isAccessRole(role) && new Date(createdAt ?? Number.NaN).getTime() >= 0;
    return isOurs ? (person as StoredPerson) : undefined;
  } catch {
    return undefined;
  }
}

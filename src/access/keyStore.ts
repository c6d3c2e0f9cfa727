import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { API_KEYS_KEY, API_KEYS_USED_KEY } from '../store/keys.ts';
import { ofItsType, stored } from '../store/stored.ts';
import { digestOf, makeKey, type StoredKey } from './apiKey.ts';
import { ACCESS_ROLES, type AccessRole } from './roles.ts';

export interface NewKey {
  name: string;
  role: AccessRole;
  /** Milliseconds since 1970. */
  expiresAt?: number;
}

export type ListedKey = StoredKey & { lastUsedAt?: number };

/** The API keys in Redis. Every call rejects while Redis is away. */
export class KeyStore {
  readonly #redis: Redis | Cluster;

  constructor(redis: Redis | Cluster) {
    this.#redis = redis;
  }

  /** The only moment at which the key itself is known: it is in the answer and nowhere else. */
  async create(wanted: NewKey, now: number): Promise<StoredKey & { key: string }> {
    const { id, key } = makeKey();
    const stored = { digest: digestOf(key), createdAt: now, ...wanted };
    await this.#redis.hset(API_KEYS_KEY, id, JSON.stringify(stored));
    return { id, key, ...stored };
  }

  async find(id: string): Promise<StoredKey | undefined> {
    return this.#parse(id, await this.#redis.hget(API_KEYS_KEY, id));
  }

  /** Oldest first, without those that nobody can read: they open nothing. */
  async list(): Promise<ListedKey[]> {
    const redis = this.#redis;
    const [keys, used] = await Promise.all([
      redis.hgetall(API_KEYS_KEY),
      ofItsType(redis, API_KEYS_USED_KEY, redis.hgetall(API_KEYS_USED_KEY), {}),
    ]);
    return Object.entries(keys)
      .flatMap(([id, text]) => {
        const key = this.#parse(id, text);
        const lastUsedAt = Number(used[id]);
        return key ? [{ ...key, ...(Number.isFinite(lastUsedAt) ? { lastUsedAt } : {}) }] : [];
      })
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** Undefined when there is no such key. A key revoked before stays as it was. It remains in the list. */
  async revoke(id: string, now: number): Promise<StoredKey | undefined> {
    const stored = await this.find(id);
    if (!stored || stored.revokedAt !== undefined) return stored;
    const { id: _, ...kept } = { ...stored, revokedAt: now };
    await this.#redis.hset(API_KEYS_KEY, id, JSON.stringify(kept));
    return { id, ...kept };
  }

  async markUsed(id: string, now: number): Promise<void> {
    await this.#redis.hset(API_KEYS_USED_KEY, id, now);
  }

  #parse(id: string, text: string | null): StoredKey | undefined {
    const place = { key: API_KEYS_KEY, field: id };
    const found = stored<Omit<StoredKey, 'id'>>(this.#redis, place, text, shape);
    return found && { id, ...found };
  }
}

const time = z.number().min(0).max(8.64e15);
const shape = z.looseObject({
  // Of another length it cannot be compared with.
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  name: z.string(),
  role: z.enum(ACCESS_ROLES),
  createdAt: time,
  expiresAt: time.optional(),
  revokedAt: time.optional(),
});

import type { Cluster, Redis } from 'ioredis';
import { API_KEYS_KEY, API_KEYS_USED_KEY } from '../store/keys.ts';
import { digestOf, makeKey, type StoredKey } from './apiKey.ts';
import type { AccessRole } from './roles.ts';

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
    const text = await this.#redis.hget(API_KEYS_KEY, id);
    return text === null ? undefined : parse(id, text);
  }

  /** Oldest first. */
  async list(): Promise<ListedKey[]> {
    const [keys, used] = await Promise.all([
      this.#redis.hgetall(API_KEYS_KEY),
      this.#redis.hgetall(API_KEYS_USED_KEY),
    ]);
    return Object.entries(keys)
      .map(([id, text]) => ({
        ...parse(id, text),
        ...(used[id] === undefined ? {} : { lastUsedAt: Number(used[id]) }),
      }))
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
}

const parse = (id: string, text: string): StoredKey => ({
  id,
  ...(JSON.parse(text) as Omit<StoredKey, 'id'>),
});

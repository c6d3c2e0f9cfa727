import type { Cluster, Redis } from 'ioredis';
import * as z from 'zod';
import { every, type Repetition } from '../runtime/every.ts';
import { isoOrNull } from '../runtime/isoTime.ts';
import { PULSE_KEY } from '../store/keys.ts';
import { ofItsType, stored } from '../store/stored.ts';
import { takingTurns } from './pulse/turn.ts';
import { type Condition, verdictOf } from './read/conditions.ts';
import type { Snapshot } from './read/snapshot.ts';

export interface WebhookParts {
  /** A secret: it is in no error and no log line. */
  url: string;
  format: 'json' | 'slack';
  redis: Redis | Cluster;
  read: () => Promise<Snapshot>;
  /** Hears that the receiver refused, or could not be reached. */
  onError: (error: Error) => void;
  times?: Times;
}

/** A turn is over before the next begins: whoever posts has ended, well or not, when another process looks. */
interface Times {
  lookEveryMs: number;
  turnMs: number;
  postMs: number;
  /** How long a condition must hold, or be over, before it is told: one that comes and goes wakes nobody. */
  holdMs: number;
  firstRetryMs: number;
}

const TIMES: Times = {
  lookEveryMs: 5_000,
  turnMs: 4_500,
  postMs: 3_000,
  holdMs: 5_000,
  firstRetryMs: 5_000,
};
const LONGEST_RETRY_MS = 300_000;

type Told = Omit<Condition, 'since'> & { since: string | null };

/** A condition that began or ended. `id` is the same however often it has to be sent. */
type Change = Told & { id: string; change: 'begun' | 'ended' };

/** Kept in Redis, so that a process that takes over, or starts again, neither repeats nor forgets. Times: Redis's, ms. */
interface State {
  told: Record<string, Told>;
  /** Since when it is otherwise than was told. */
  differs: Record<string, number>;
  failures: number;
  retryAt: number;
}

const KEY = `${PULSE_KEY}:webhook`;

const toldShape = z.looseObject({
  name: z.string(),
  level: z.enum(['red', 'amber']),
  sentence: z.string(),
  advice: z.string(),
  since: z.string().nullable(),
});
const stateShape = z.looseObject({
  told: z.record(z.string(), toldShape),
  differs: z.record(z.string(), z.number()),
  failures: z.int().min(0),
  retryAt: z.number(),
});

/**
 * Tells somebody's address when a condition begins and when it is over, from one process of the installation at a time.
 * A change counts as told once the receiver has answered 2xx; until then it is sent again, ever more rarely.
 */
export function startWebhook({ url, format, redis, read, onError, times = TIMES }: WebhookParts): Repetition {
  const takeTurn = takingTurns(redis, 'webhook', times.turnMs);

  const look = async (): Promise<void> => {
    const snapshot = await read();
    const kept = await ofItsType(redis, KEY, redis.get(KEY), null);
    // Who begins anew tells again what is wrong now; who could not begin would tell nobody anything.
    const state: State = stored<State>(redis, { key: KEY }, kept, stateShape) ?? {
      told: {},
      differs: {},
      failures: 0,
      retryAt: 0,
    };
    const changes = changesOf(snapshot, state, times.holdMs);
    if (changes.length > 0 && snapshot.now >= state.retryAt) {
      try {
        await post(url, format === 'slack' ? slackText(changes) : jsonBody(snapshot, changes), times.postMs);
        settle(state, changes);
      } catch (error) {
        onError(error as Error);
        state.retryAt = snapshot.now + Math.min(LONGEST_RETRY_MS, times.firstRetryMs * 2 ** state.failures);
        state.failures += 1;
      }
    }
    const text = JSON.stringify(state);
    if (text !== kept) await redis.set(KEY, text);
  };
  // Redis being away is told by whoever needs it; there is nothing to tell here meanwhile.
  return every(times.lookEveryMs, () => takeTurn(look).then(() => {}), { atOnce: false, onError: () => {} });
}

/** What is otherwise than was told, for long enough; notes in `state` since when. */
function changesOf(snapshot: Snapshot, state: State, holdMs: number): Change[] {
  const { now } = snapshot;
  const current = new Map(verdictOf(snapshot).conditions.map((each) => [each.name, each]));
  const names = new Set([...current.keys(), ...Object.keys(state.told), ...Object.keys(state.differs)]);
  return [...names].flatMap((name): Change[] => {
    const condition = current.get(name);
    const told = state.told[name];
    if ((condition === undefined) === (told === undefined)) {
      delete state.differs[name];
      return [];
    }
    state.differs[name] ??= now;
    const from = state.differs[name];
    if (now - from < holdMs) return [];
    const change = condition ? 'begun' : 'ended';
    const what = condition ? { ...condition, since: isoOrNull(condition.since) } : (told as Told);
    return [{ id: `${name}-${change}-${from}`, change, ...what }];
  });
}

function settle(state: State, changes: readonly Change[]): void {
  for (const { id: _, change, ...what } of changes) {
    if (change === 'begun') state.told[what.name] = what;
    else delete state.told[what.name];
    delete state.differs[what.name];
  }
  state.failures = 0;
  state.retryAt = 0;
}

function jsonBody(snapshot: Snapshot, changes: readonly Change[]): object {
  const { level, sentences } = verdictOf(snapshot);
  return {
    product: 'order-pipeline',
    at: new Date(snapshot.now).toISOString(),
    status: { level, sentences },
    changes,
  };
}

const SIGNS = { red: ':red_circle:', amber: ':large_orange_circle:' };

function slackText(changes: readonly Change[]): object {
  const lines = changes.map(({ change, level, sentence, advice }) =>
    change === 'begun' ? `${SIGNS[level]} *${sentence}* ${advice}` : `:white_check_mark: Over: ${sentence}`,
  );
  const escaped = lines
    .join('\n')
    .replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;' })[sign] ?? '&gt;');
  return { text: escaped };
}

async function post(url: string, body: object, timeoutMs: number): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((error: Error & { cause?: { code?: string } }) => {
    throw new Error(`ALERT_WEBHOOK_URL cannot be reached: ${error.cause?.code ?? error.name}`);
  });
  await answer.body?.cancel();
  const elsewhere = redirection(url, answer);
  if (elsewhere !== undefined) {
    throw new Error(
      `ALERT_WEBHOOK_URL redirects to ${elsewhere}, which is not followed: set the address itself`,
    );
  }
  if (!answer.ok) throw new Error(`ALERT_WEBHOOK_URL answered ${answer.status}`);
}

/** The origin it leads to. Never more: a path or query may hold the secret. */
function redirection(url: string, { status, headers }: Response): string | undefined {
  const location = headers.get('location');
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return undefined;
  return URL.canParse(location, url) ? new URL(location, url).origin : 'no address';
}

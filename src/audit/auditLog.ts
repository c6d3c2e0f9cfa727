import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import { AUDIT_HEAD_KEY, AUDIT_KEY } from '../store/keys.ts';
import { redisScript } from '../store/redisScript.ts';
import { redisDate } from '../store/redisTime.ts';
import { type AuditEntry, type Author, type Change, hashOf, NOTHING_BEFORE } from './auditEntry.ts';

const SCRIPT = readFileSync(new URL('./appendEntry.lua', import.meta.url), 'utf8');

const callScript = redisScript<[0 | 1, string]>('appendAuditEntry', { numberOfKeys: 2, lua: SCRIPT });

/** The intent could not be written down, so nothing was changed. `cause` says why. */
export class NoTrace extends Error {
  override readonly name = 'NoTrace';
}

/** What came of a change, and what is known of it only afterwards. */
export type Outcome = { result: 'done' | 'refused'; why?: string } & Partial<Change>;

export interface AuditLog {
  /**
   * Makes a change with its trace: the intent is written down first, and when it cannot be, nothing is changed.
   * What came of it follows. An intent without an outcome tells that the process ended in between, or that the
   * outcome could not be written.
   *
   * @throws NoTrace, or what `act` threw
   */
  change<T extends Outcome>(who: Author, change: Change, act: () => Promise<T>): Promise<T>;
}

/** The audit log of the installation, which every process appends to. On a connection that fails fast. */
export function makeAuditLog(
  redis: Redis | Cluster,
  { retentionDays, logger }: { retentionDays: number; logger?: Logger },
): AuditLog {
  const append = makeAppend(redis, retentionDays);

  // Which jobs they were, the intent has said.
  const end = async (
    intent: string,
    who: Author,
    { jobs, ...change }: Change,
    outcome: Partial<AuditEntry>,
  ) => {
    const facts = { ...change, ...outcome };
    const written = await append({ phase: 'outcome', of: intent, who, ...facts }).catch(
      (error: Error) => error,
    );
    const level = written instanceof Error ? 'error' : 'info';
    logger?.log(level, `operator changed: ${change.action}`, {
      ...facts,
      who: who.name ?? who.kind,
      by: who.kind,
      ...(who.address === undefined ? {} : { address: who.address }),
      audit: intent,
      ...(written instanceof Error ? { unwritten: written.message } : {}),
    });
  };

  return {
    async change(who, change, act) {
      const intent = await append({ phase: 'intent', who, ...change }).catch((cause: unknown) => {
        throw new NoTrace('the audit log cannot be written', { cause });
      });
      try {
        const outcome = await act();
        await end(intent, who, change, outcome);
        return outcome;
      } catch (error) {
        await end(intent, who, change, { result: 'failed', why: (error as Error).message });
        throw error;
      }
    },
  };
}

/** Appends one entry after the other, and returns the id of each. Another process in between makes it look again. */
function makeAppend(
  redis: Redis | Cluster,
  retentionDays: number,
): (entry: Omit<AuditEntry, 'at'>) => Promise<string> {
  let newest = NOTHING_BEFORE;
  const append = async (entry: Omit<AuditEntry, 'at'>): Promise<string> => {
    const text = JSON.stringify({ at: await redisDate(redis), ...entry });
    for (;;) {
      const hash = hashOf(newest, text);
      const args = [AUDIT_KEY, AUDIT_HEAD_KEY, newest, hash, text, retentionDays];
      const [appended, answer] = await callScript(redis, ...args);
      newest = appended === 1 ? hash : answer;
      if (appended === 1) return answer;
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return (entry) => {
    const appending = last.then(() => append(entry));
    last = appending.catch(() => {});
    return appending;
  };
}

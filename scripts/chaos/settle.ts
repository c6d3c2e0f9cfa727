import { setTimeout as delay } from 'node:timers/promises';
import { type CompareOptions, compare, type Difference } from './compare.ts';
import { MENDED } from './misprints.ts';
import { messageOf } from './operator.ts';
import type { Play } from './play.ts';
import type { Left } from './survivor.ts';

export interface SettleOptions extends Play, Omit<CompareOptions, 'today' | 'cast'> {
  inbox: () => Promise<Left>;
  today: () => [string, string];
}

const LOOK_EVERY_MS = 100;
const DEADLINE_MS = 180_000;
/** What differs for so long with nothing under way will differ for ever. */
const CERTAIN_MS = 3_000;

/**
 * Waits until nothing is under way any more and everything is as the model says; returns what still differs when
 * that does not come about.
 */
export async function settle(options: SettleOptions): Promise<Difference[]> {
  const deadline = Date.now() + DEADLINE_MS;
  const operated = await Promise.allSettled([...options.operations, ...options.repairs]);
  const givenUp = operated.flatMap((each) =>
    each.status === 'rejected' ? [stuck(String(each.reason))] : [],
  );
  let restingSince: number | undefined;
  let last: Difference[] = [];
  while (Date.now() < deadline && givenUp.length === 0) {
    // No answer says nothing yet: on a busy machine the product, too, answers that it cannot.
    const silent = (error: Error) => [stuck(error.message)];
    const busy = await underWay(options).catch(silent);
    if (busy.length > 0) {
      restingSince = undefined;
      last = busy;
    } else {
      // Seen at rest twice: in between nobody can have held a message unseen.
      const rested = restingSince !== undefined;
      restingSince ??= Date.now();
      try {
        const misprinted = await leftMisprinted(options);
        if (misprinted > 0) {
          last = [stuck(`${misprinted} misprinted orders are not repaired`)];
          restingSince = undefined;
          options.model.mending();
          for (const reason of MENDED) await options.repairer.run({ where: { reason }, rate: undefined });
          continue;
        }
        last = await compare({ ...options, today: options.today() });
        if (rested && last.length === 0) return [];
        if (last.length > 0 && Date.now() - restingSince > CERTAIN_MS) return last;
      } catch (error) {
        last = silent(error as Error);
        restingSince = undefined;
      }
    }
    await delay(LOOK_EVERY_MS);
  }
  return [...givenUp, ...last];
}

const stuck = (what: string): Difference => ({ kind: 'wrong', orders: 0, what: `does not settle: ${what}` });

async function underWay({ cast, reality, inbox }: SettleOptions): Promise<Difference[]> {
  const down = cast.processes.filter(({ isUp }) => !isUp).map(({ role }) => stuck(`${role} is not up`));
  if (down.length > 0) return down;
  const { visible, hidden } = await inbox();
  const jobs = await reality.underWay();
  const held = await heldByBridges(cast.processes);
  const unarchived = await reality.unarchived();
  const busy: [number, string][] = [
    [visible, 'messages visible in SQS'],
    [hidden, 'messages in flight in SQS'],
    [cast.sqs.owed, 'messages to be delivered again'],
    [jobs, 'jobs waiting, active or delayed'],
    [held, 'messages held by bridges'],
    [unarchived, 'entries of the archive'],
  ];
  return busy.filter(([count]) => count > 0).map(([count, what]) => stuck(`${count} ${what}`));
}

/** What failed after the last run of the schedule began; somebody repairs it in the end. */
async function leftMisprinted({ reality, model }: SettleOptions): Promise<number> {
  const { failed } = await reality.jobs();
  return failed.filter(({ id }) => model.misprints.has(messageOf(id))).length;
}

async function heldByBridges(processes: Play['cast']['processes']): Promise<number> {
  const bridges = processes.filter(({ role }) => role === 'bridge' || role === 'all');
  const held = bridges.map(async ({ url }) => {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
    return ((await response.json()) as { bridge: { in_flight: number } }).bridge.in_flight;
  });
  return (await Promise.all(held)).reduce((sum, each) => sum + each, 0);
}

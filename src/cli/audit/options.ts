import { parseArgs } from 'node:util';
import { isCalendarDay } from '../../orders/timestamp.ts';

export type Wanted =
  | { do: 'show'; since: number; job: string | undefined; json: boolean }
  | { do: 'help' }
  | { do: 'nothing'; problem: string };

export const USAGE = `Who changed what by hand: the audit log, oldest first, and whether it is whole.

  npm run audit -- [--since WHEN] [--job ID] [--json]

  --since WHEN  90d for so many days back, or the first day, YYYY-MM-DD, UTC (all that is kept)
  --job ID      only changes of this job
  --json        every entry as it is kept, one JSON value a line
  --help        show this

A change without an outcome was begun by a process that ended in between: look at the job. Which Redis is set by the
same variables as for npm start.

Exit code: 0 the log is whole, 1 entries were changed or are missing, 2 wrong use or no Redis.`;

const DAY_MS = 86_400_000;

export function readWanted(args: readonly string[], now: number): Wanted {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        since: { type: 'string' },
        job: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { do: 'help' };
    const since = values.since === undefined ? 0 : timeOf(values.since, now);
    if (since === undefined) {
      const got = JSON.stringify(values.since);
      return { do: 'nothing', problem: `--since must be days such as 90d or a day, YYYY-MM-DD, got ${got}` };
    }
    return { do: 'show', since, job: values.job, json: values.json };
  } catch (error) {
    return { do: 'nothing', problem: `${(error as Error).message.split('. ')[0]}; see --help` };
  }
}

function timeOf(text: string, now: number): number | undefined {
  if (/^[1-9]\d{0,4}d$/.test(text)) return Math.max(0, now - Number(text.slice(0, -1)) * DAY_MS);
  return isCalendarDay(text) ? Math.max(0, Date.parse(`${text}T00:00:00Z`)) : undefined;
}

import { execFile, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Load {
  url: string;
  connections: number;
  seconds: number;
  /** Asks for that many users in turn instead of the path of `url`. wrk only. */
  users?: number;
  key?: string;
}

export interface LoadFigures {
  perSecond: number;
  requests: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

const run = promisify(execFile);

/** wrk takes a tenth of the CPU that autocannon takes, and leaves it to what is measured. */
export const hasWrk = spawnSync('wrk', ['--version']).error === undefined;

/** Loads a URL from a process of its own; throws when anything but successes came back. */
export const load = hasWrk ? loadByWrk : loadByAutocannon;

async function loadByWrk({ url, connections, seconds, users, key }: Load): Promise<LoadFigures> {
  const script = users === undefined ? [] : ['-s', fileURLToPath(new URL('./users.lua', import.meta.url))];
  const { stdout } = await run(
    'wrk',
    ['--latency', '-t1', `-c${connections}`, `-d${seconds}s`, ...headerOf(key), ...script, url],
    { env: { ...process.env, USERS: String(users) } },
  );
  const [bad] = /Non-2xx.*|Socket errors.*/.exec(stdout) ?? [];
  if (bad) throw new Error(`${url}: ${bad}`);
  const figure = (pattern: RegExp) => pattern.exec(stdout)?.[1] ?? '';
  return {
    perSecond: Number(figure(/Requests\/sec:\s+([\d.]+)/)),
    requests: Number(figure(/(\d+) requests in/)),
    p50: milliseconds(figure(/50%\s+(\S+)/)),
    p99: milliseconds(figure(/99%\s+(\S+)/)),
  };
}

const headerOf = (key: string | undefined): string[] =>
  key === undefined ? [] : ['-H', `X-API-Key: ${key}`];

const UNITS: Record<string, number> = { us: 0.001, ms: 1, s: 1_000 };

function milliseconds(text: string): number {
  const [, value, unit = ''] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(value) * (UNITS[unit] ?? Number.NaN);
}

async function loadByAutocannon({ url, connections, seconds, key }: Load): Promise<LoadFigures> {
  const program = createRequire(import.meta.url).resolve('autocannon');
  const options = ['-c', String(connections), '-d', String(seconds), ...headerOf(key), '--json', url];
  const { stdout } = await run(process.execPath, [program, ...options], { maxBuffer: 1e8 });
  const result = JSON.parse(stdout) as {
    non2xx: number;
    errors: number;
    requests: { average: number; total: number };
    latency: { p50: number; p99: number };
  };
  if (result.non2xx + result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} answers other than 2xx, ${result.errors} errors`);
  }
  const { requests, latency } = result;
  return { perSecond: requests.average, requests: requests.total, p50: latency.p50, p99: latency.p99 };
}

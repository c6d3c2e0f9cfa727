import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The code blocks of a section of a page in docs/. */
export function codeBlocks(page: string, section: string): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const [, part = ''] = text.split(`\n## ${section}\n`);
  return [...(part.split('\n## ')[0] as string).matchAll(/^```\n([\s\S]*?)^```$/gm)].map(
    ([, code]) => code as string,
  );
}

/** What `redis-cli` is given when a shell gets these lines pasted: the arguments of each call. */
export function redisCliCalls(lines: string): string[][] {
  // Two NULs end a call: no argument here is empty.
  const shell = `set -euo pipefail\nredis-cli() { printf '%s\\0' "$@"; printf '\\0'; }\n${lines}`;
  const stdout = execFileSync('bash', ['-c', shell], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return stdout
    .split('\0\0')
    .filter((call) => call !== '')
    .map((call) => call.split('\0'));
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const SCRIPT = path.resolve('deploy/image/order-pipeline');

describe('the start in the image', () => {
  let folder: string;
  const stub = (name: string, lines: string) =>
    writeFileSync(path.join(folder, name), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'order-pipeline-image-'));
    stub('node', 'echo "$@"');
    stub('cat', 'echo "$LIMIT"');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Megabytes that Node is allowed, with this much memory in bytes. */
  function started(limit: string): { young: number; old: number; rest: string } {
    const env = { PATH: `${folder}:${process.env.PATH}`, LIMIT: limit };
    const { stdout } = spawnSync(SCRIPT, ['worker', '--help'], { encoding: 'utf8', env });
    const [, young, old, rest = ''] =
      /^--max-semi-space-size=(\d+) --max-old-space-size=(\d+) --no-allocation-site-pretenuring (.*)\n$/.exec(
        stdout,
      ) ?? [];
    return { young: Number(young), old: Number(old), rest };
  }

  it.each([192, 256, 384, 512, 768, 1_024, 4_096])('gives Node what fits into %d MB', (megabytes) => {
    const { young, old, rest } = started(String(megabytes * 1_048_576));
    expect(rest).toBe('/app/dist/main.js worker --help');
    expect(3 * young + old).toBeLessThanOrEqual(megabytes - 64);
    expect(old).toBeGreaterThanOrEqual(megabytes / 3);
  });

  // Version 2 of control groups says max, version 1 a number that no machine has.
  it.each(['max', '9223372036854771712'])(
    'gives Node the heap of a machine when the limit is %s',
    (limit) => {
      expect(started(limit)).toMatchObject({ young: 64, old: 4_096 });
    },
  );
});

it('the compose file uses nothing that compose programs read in different ways', () => {
  expect(readFileSync('docker-compose.yml', 'utf8')).not.toContain('${');
});

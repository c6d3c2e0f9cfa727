import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/redis.ts';

describe('npm run demo -- --cluster --once', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'demo-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('finds exactly what it sent, exits with 0 and leaves nothing of the cluster behind', async () => {
    const command = ['--import', 'tsx', 'scripts/demo.ts', '--cluster', '--once', '--count', '100'];
    const env = {
      PATH: process.env.PATH,
      // The servers of the cluster keep their data here.
      TMPDIR: folder,
      DATA_DIR: path.join(folder, 'data'),
      LOG_DIR: path.join(folder, 'logs'),
      PORT: String(await freePort()),
      EMBEDDED_SQS_PORT: String(await freePort()),
    };
    // A signal is heard: past the time limit it stops what it started.
    const child = spawn(process.execPath, ['--no-warnings', ...command], { env, timeout: 90_000 });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('Starting on a Redis Cluster');
    expect(stdout).toMatch(/^messages +105 +105$/m);
    expect(stdout).toContain('The totals are exactly what was sent');
    expect((await readdir(folder)).filter((name) => name.includes('cluster'))).toEqual([]);
  });
});

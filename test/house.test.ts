import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';

const BIOME = path.resolve('node_modules/@biomejs/biome/bin/biome');

const REFUSED = [
  ['src/orders', "export { x } from '../runtime/logger.ts';"],
  ['src/runtime', "export { x } from '../store/connections.ts';"],
  ['src/queue', "export { x } from '../stats/figures.ts';"],
  ['src/bridge/sqs', "export { x } from '../../worker/processOrder.ts';"],
  ['src/bridge/sqs', "export type { X } from '../handOver/gate.ts';"],
  ['src/bridge/handOver', "export { x } from '../sqs/inbox.ts';"],
  ['src/bridge/handOver', "export { x } from '../../worker/processOrder.ts';"],
  ['src/bridge/handOver', "export { SQSClient } from '@aws-sdk/client-sqs';"],
  ['src/bridge', "export { x } from './sqs/inbox.ts';"],
  ['src/worker', "export { x } from '../stats/read/readStats.ts';"],
  ['src/worker', "export type { X } from '../http/app.ts';"],
  ['src/worker', "export const x = import('../http/app.ts');"],
  ['src/http/stats', "export { x } from '../../desk/desk.ts';"],
  ['src/http', "export { x } from '../stats/record/recordOrder.ts';"],
  ['src/desk', "export { x } from '../http/app.ts';"],
  ['src/cli/keys', "export { x } from '../../http/app.ts';"],
  ['src/cli/failed', "export { x } from '../../desk/boardGate.ts';"],
  ['src/config', "export { x } from '../orders/money.ts';"],
  ['src/web/docs', "export { x } from '../../http/app.ts';"],
  ['src/app', "export { x } from '../../scripts/demo/report.ts';"],
  ['src/worker', "export { SQSClient } from '@aws-sdk/client-sqs';"],
  ['src/stats/read', "export { Router } from 'express';"],
  ['src/http', 'export const port = process.env.PORT;'],
  ['src/telemetry', "export { x } from '../queue/watchQueues.ts';"],
  ['src/telemetry/pulse', "export { x } from '../../stats/read/readStats.ts';"],
  ['src/telemetry/read', "export { x } from '../../worker/processOrder.ts';"],
  ['src/telemetry/read', "export { x } from '../../stats/record/recordOrder.ts';"],
  ['src/worker', "export { x } from '../telemetry/read/snapshot.ts';"],
  ['src/store', "export { x } from '../telemetry/tally.ts';"],
] as const;

const TAKEN = [
  ['src/worker', "export { x } from '../stats/record/recordOrder.ts';"],
  ['src/http/stats', "export { x } from '../../stats/read/readStats.ts';"],
  ['src/http', "export { x } from './stats/routes.ts';"],
  ['src/desk', "export { x } from '../http/transport/problem.ts';"],
  ['src/app', "export { x } from '../worker/orderWorkers.ts';"],
  ['src/bridge/sqs', "export { SQSClient } from '@aws-sdk/client-sqs';"],
  ['src/bridge/sqs', "export type { X } from '../source.ts';"],
  ['src/bridge', "export { x } from './handOver/gate.ts';"],
  ['src/app', "export { x } from '../bridge/sqs/inbox.ts';"],
  ['src/config', 'export const port = process.env.PORT;'],
  ['src/cli/failed', "export { x } from '../../desk/runs/runs.ts';"],
  ['src/worker', "export { x } from '../telemetry/tally.ts';"],
  ['src/telemetry/read', "export type { X } from '../../stats/figures.ts';"],
  ['src/http/live', "export { x } from '../../telemetry/read/snapshot.ts';"],
] as const;

it('the linter refuses imports that go the wrong way, and circles', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'house-'));
  try {
    const { vcs: _, $schema: __, ...rules } = JSON.parse(readFileSync('biome.json', 'utf8'));
    writeFileSync(path.join(folder, 'biome.json'), JSON.stringify(rules));
    const write = (file: string, source: string) => {
      mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(folder, file), `${source}\n`);
    };
    for (const [at, [room, source]] of REFUSED.entries()) write(`${room}/refused${at}.ts`, source);
    for (const [at, [room, source]] of TAKEN.entries()) write(`${room}/taken${at}.ts`, source);
    write('src/queue/one.ts', "import type { Two } from './two.ts';\nexport type One = Two;");
    write('src/queue/two.ts', "import type { One } from './one.ts';\nexport type Two = One | undefined;");
    const { stdout } = spawnSync(
      process.execPath,
      [BIOME, 'lint', '--reporter=json', '--max-diagnostics=none', '.'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    const diagnostics = JSON.parse(stdout.slice(stdout.indexOf('{'))).diagnostics as {
      category: string;
      location: { path: string | { file: string } };
    }[];
    const faulty = diagnostics
      .filter(({ category }) => /noRestrictedImports|noProcessEnv|noImportCycles/.test(category))
      .map(({ location: { path: at } }) => path.basename(typeof at === 'string' ? at : at.file));
    const expected = [...REFUSED.map((_case, at) => `refused${at}.ts`), 'one.ts', 'two.ts'];
    expect([...new Set(faulty)].sort()).toEqual(expected.sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

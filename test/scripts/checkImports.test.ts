import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';

const folders: string[] = [];

function check(files: Record<string, string>) {
  const folder = mkdtempSync(path.join(tmpdir(), 'imports-'));
  folders.push(folder);
  for (const [name, source] of Object.entries(files)) {
    const file = path.join(folder, 'src', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, source);
  }
  const run = spawnSync(process.execPath, ['scripts/checkImports.mjs', path.join(folder, 'src')], {
    encoding: 'utf8',
  });
  return { status: run.status, faults: run.stderr.split('\n').filter(Boolean) };
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('what the parts of src may import', () => {
  test('accepts a tree in which every import goes the right way', () => {
    const { status, faults } = check({
      'config/config.ts': 'export const port = Number(process.env.PORT);',
      'app.ts': "import { port } from './config/config.ts';\nimport { serve } from './http/app.ts';",
      'main.ts': "import './app.ts';\nimport './bridge/bridge.ts';",
      'orders/parseOrder.ts': "import * as z from 'zod';\nimport { round } from './money.ts';",
      'queue/partitions.ts': "import '../orders/parseOrder.ts';\nimport '../runtime/logger.ts';",
      'stats/readStats.ts': "import type { P } from '../queue/partitions.ts';\nimport './keys.ts';",
      'bridge/sqsInbox.ts': "import { SQSClient } from '@aws-sdk/client-sqs';",
      'bridge/bridge.ts': "import '../queue/partitions.ts';\nimport './sqsInbox.ts';",
      'worker/worker.ts': "import '../stats/recordOrder.ts';\nimport '../orders/money.ts';",
      'http/app.ts': "import express from 'express';\nimport '../stats/readStats.ts';",
      'http/pages/page.js': "import '../../bridge/bridge.ts';",
    });
    expect({ status, faults }).toEqual({ status: 0, faults: [] });
  });

  test.each([
    ['orders/a.ts', "import '../runtime/logger.ts';", 'orders must not import runtime/logger.ts'],
    ['runtime/a.ts', "import '../orders/money.ts';", 'runtime must not import orders/money.ts'],
    ['queue/a.ts', "import '../stats/keys.ts';", 'queue must not import stats/keys.ts'],
    ['stats/a.ts', "import '../worker/worker.ts';", 'stats must not import worker/worker.ts'],
    ['bridge/a.ts', "import '../worker/worker.ts';", 'bridge must not import worker/worker.ts'],
    ['bridge/a.ts', "import '../stats/readStats.ts';", 'bridge must not import stats/readStats.ts'],
    ['worker/a.ts', "import '../http/app.ts';", 'worker must not import http/app.ts'],
    ['worker/a.ts', "import '../stats/readStats.ts';", 'worker must not import stats/readStats.ts'],
    ['http/a.ts', "import '../bridge/bridge.ts';", 'http must not import bridge/bridge.ts'],
    ['http/a.ts', "import '../stats/recordOrder.ts';", 'http must not import stats/recordOrder.ts'],
    ['http/a.ts', "import '../app.ts';", 'http must not import app.ts'],
    [
      'http/a.ts',
      "import type { Config } from '../config/config.ts';",
      'http must not import config/config.ts',
    ],
    ['config/a.ts', "import '../orders/money.ts';", 'config must not import orders/money.ts'],
    ['http/deep/a.ts', "import '../../worker/worker.ts';", 'http must not import worker/worker.ts'],
    ['main.ts', "import '../scripts/demo.ts';", 'imports ../scripts/demo.ts, which is not in src'],
    ['queue/a.ts', "import '/elsewhere.ts';", 'imports /elsewhere.ts, which is not in src'],
    ['helpers/a.ts', 'export {};', 'helpers is not in the table of checkImports.mjs'],
  ])('refuses in %s: %s', (file, source, fault) => {
    const { status, faults } = check({ [file]: source });
    expect({ status, faults }).toEqual({ status: 1, faults: [`src/${file}:1 ${fault}`] });
  });

  test.each([
    ["export { a } from '../bridge/a.ts';"],
    ["export * from '../bridge/a.ts';"],
    ['import {\n  a,\n  b,\n} from "../bridge/a.ts";'],
    ["const a = await import('../bridge/a.ts');"],
    ["const a = require('../bridge/a.ts');"],
    ["type A = import('../bridge/a.ts').A;"],
    ["import /* why */ '../bridge/a.ts';"],
    ["const quote = /[`'\"]/; import('../bridge/a.ts');"],
  ])('sees the import in %j', (source) => {
    const { status, faults } = check({ 'worker/a.ts': source });
    expect({ status, faults }).toEqual({
      status: 1,
      faults: [expect.stringContaining('worker must not import bridge/a.ts')],
    });
  });

  test.each([
    ["// import '../bridge/a.ts';"],
    ["/* formerly\nimport '../bridge/a.ts'; */"],
    ['const hint = "import \'../bridge/a.ts\'";'],
    ["const from = Array.from('../bridge/a.ts');"],
  ])('sees no import in %j', (source) => {
    expect(check({ 'worker/a.ts': source })).toEqual({ status: 0, faults: [] });
  });

  test('refuses a path it cannot read', () => {
    const { faults } = check({ 'worker/a.ts': 'await import(`../$' + '{name}.ts`);' });
    expect(faults).toEqual(['src/worker/a.ts:1 imports a computed path, which cannot be checked']);
  });
});

describe('what belongs in one place only', () => {
  test.each([
    ['bridge/bridge.ts', "import { SQSClient } from '@aws-sdk/client-sqs';", '@aws-sdk/client-sqs'],
    ['main.ts', "import type { SQSClient } from '@aws-sdk/client-sqs';", '@aws-sdk/client-sqs'],
    ['main.ts', "import express from 'express';", 'express'],
    ['main.ts', 'const port = process.env.PORT;', 'process.env'],
    ['http/a.ts', 'const text = `$' + '{process.env.PORT}`;', 'process.env'],
    ['http/a.ts', 'const { env } = process;', 'process.env'],
    ['http/a.ts', "const port = process['env'].PORT;", 'process.env'],
    ['http/a.ts', "import { env } from 'node:process';", 'process.env'],
  ])('refuses in %s: %s', (file, source, used) => {
    const { status, faults } = check({ [file]: source });
    expect(status).toBe(1);
    expect(faults).toEqual([expect.stringMatching(`^src/${file}:1 uses ${used}, which belongs in .* only$`)]);
  });

  test('lets a comment and a message speak of the environment', () => {
    const source = "// process.env is read elsewhere\nthrow new Error('process.env is read elsewhere');";
    expect(check({ 'http/a.ts': source })).toEqual({ status: 0, faults: [] });
  });
});

test('lists every fault with its own line', () => {
  const { status, faults } = check({
    'http/app.ts': "import '../queue/partitions.ts';\nimport '../bridge/a.ts';\n\nimport '../worker/a.ts';",
    'worker/worker.ts': '\nconst port = process.env.PORT;',
  });
  expect(status).toBe(1);
  expect(faults).toEqual([
    'src/http/app.ts:2 http must not import bridge/a.ts',
    'src/http/app.ts:4 http must not import worker/a.ts',
    'src/worker/worker.ts:2 uses process.env, which belongs in config only',
  ]);
});

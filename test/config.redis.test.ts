import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../src/config/config.ts';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('the place of Redis', () => {
  it.each([
    [{ REDIS_CLUSTER_NODES: '[::1]:7000' }, [{ host: '::1', port: 7000 }]],
    [
      { REDIS_CLUSTER_NODES: ' a.example.:7000 , [2001:db8::7]:7001,10.0.0.1:65535 ' },
      [
        { host: 'a.example.', port: 7000 },
        { host: '2001:db8::7', port: 7001 },
        { host: '10.0.0.1', port: 65_535 },
      ],
    ],
    [
      { REDIS_CLUSTER_NODES: 'a:1,b:2,a:1' },
      ['a:1', 'b:2'].map((text) => ({ host: text[0], port: Number(text[2]) })),
    ],
  ])('in a list of nodes is read: %j', (env, nodes) => {
    expect(readConfig(env).redis).toMatchObject({ kind: 'cluster', nodes });
  });

  it.each([
    [{ REDIS_HOST: '::1' }, '::1'],
    [{ REDIS_HOST: ' [::1] ' }, '::1'],
    [{ REDIS_HOST: 'cache.example.' }, 'cache.example.'],
    [{ REDIS_URL: 'redis://[::1]:6380' }, '::1'],
    [{ REDIS_URL: ' redis://cache.example.:6380/ ' }, 'cache.example.'],
  ])('is the host alone, without brackets: %j', (env, host) => {
    expect(readConfig(env).redis).toMatchObject({ kind: 'server', host });
  });

  it.each([
    ['REDIS_CLUSTER_NODES', '::1:7000'],
    ['REDIS_CLUSTER_NODES', '[::1]'],
    ['REDIS_CLUSTER_NODES', '[localhost]:7000'],
    ['REDIS_CLUSTER_NODES', '[::1]:0'],
    ['REDIS_CLUSTER_NODES', 'a b:7000'],
    ['REDIS_CLUSTER_NODES', 'a:1,,b:2'],
    ['REDIS_CLUSTER_NODES', 'redis://a:7000'],
    ['REDIS_SENTINELS', 'a'],
    ['REDIS_SENTINELS', 'a:26379,'],
    ['REDIS_HOST', 'cache:6380'],
    ['REDIS_HOST', 'redis://cache'],
    ['REDIS_HOST', 'my cache'],
    ['REDIS_HOST', '[::1'],
    ['REDIS_HOST', 'a,b'],
  ])('is refused as %s=%s, naming both', (name, value) => {
    const sentinel = name === 'REDIS_SENTINELS' ? { REDIS_SENTINEL_NAME: 'mymaster' } : {};
    const problems = problemsOf({ [name]: value, ...sentinel });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} must be `))]);
    expect(problems[0]).toContain(JSON.stringify(value));
  });

  it('is never printed with a password, wherever the URL was put', () => {
    for (const name of ['REDIS_HOST', 'REDIS_CLUSTER_NODES', 'REDIS_SENTINELS', 'SQS_ENDPOINT'])
      expect(problemsOf({ [name]: 'redis://:hunter2@cache:1/0' }).join()).not.toContain('hunter2');
  });
});

describe('REDIS_URL', () => {
  it.each([
    ['redis://u:p@h/2', { host: 'h', port: 6379, username: 'u', password: 'p', db: 2, tls: false }],
    ['rediss://:p%23a%2Fs%40s%3F%25@h:1', { host: 'h', port: 1, password: 'p#a/s@s?%', tls: true }],
    ['redis://:p@ss@h', { host: 'h', password: 'p@ss' }],
    ['redis://u:p:q@h', { username: 'u', password: 'p:q' }],
    ['REDIS://h', { host: 'h' }],
  ])('%s says what it says', (REDIS_URL, target) => {
    expect(readConfig({ REDIS_URL }).redis).toMatchObject(target);
  });

  it.each([
    'redis://:pa#ss/w@rd@host:6379',
    'redis://:pa#ss@host:6379',
    'redis://u:12#34@host',
    'redis://u:12/34@host',
    'redis://u:12?34@host',
    'redis://:50%off@host',
    'rediss://:%@host',
  ])('%s is told to percent-encode its password, which is not printed', (REDIS_URL) => {
    const problems = problemsOf({ REDIS_URL });
    expect(problems).toEqual([expect.stringContaining('percent-encode the password')]);
    for (const part of ['pa#', 'w@rd', '34', 'off', '50%']) expect(problems[0]).not.toContain(part);
  });

  it.each([
    ['redis://h/abc', '"/abc"'],
    ['redis://h/1/2', '"/1/2"'],
    ['redis://h/-1', '"/-1"'],
    ['redis://h?family=6', 'no parameters (family)'],
    ['redis://h/0?tls=true&enableOfflineQueue=false', 'no parameters (tls, enableOfflineQueue)'],
    ['redis://h/0#1', '%23'],
    ['redis://h:0', 'port from 1 to 65535'],
    ['redis://h:65536', 'like redis://'],
    ['redis://', 'name a host'],
    ['redis:///2', 'name a host'],
    ['redis:6379', 'starting with redis://'],
    ['redis://user@h', 'redis://user:password@host'],
    ['redis://user:@h', 'redis://user:password@host'],
    ['http://h', 'starting with redis://'],
  ])('%s is refused', (REDIS_URL, problem) => {
    expect(problemsOf({ REDIS_URL })).toEqual([expect.stringContaining(problem)]);
  });
});

describe('a secret that was read from a file', () => {
  it('is taken without the line end of the file', () => {
    const S = {
      REDIS_SENTINELS: 's:1',
      REDIS_SENTINEL_NAME: 'm',
      REDIS_USERNAME: 'u\n',
      REDIS_PASSWORD: ' p \r\n',
    };
    const { redis } = readConfig({ ...S, REDIS_SENTINEL_USERNAME: 'v\n', REDIS_SENTINEL_PASSWORD: 'q\n' });
    expect(redis).toMatchObject({
      username: 'u',
      password: ' p ',
      sentinelLogin: { username: 'v', password: 'q' },
    });
    expect(readConfig({ REDIS_URL: 'redis://u:p@h\n' }).redis).toMatchObject({ password: 'p', host: 'h' });
    expect(readConfig({ ADMIN_USER: 'a\n', ADMIN_PASSWORD: 'secret\n' }).admin).toEqual({
      user: 'a',
      password: 'secret',
    });
  });
});

describe('variables of Redis that do not go together', () => {
  const S = { REDIS_SENTINELS: 'a:1', REDIS_SENTINEL_NAME: 'm' };
  it.each([
    [{ REDIS_SENTINELS: 'a:1' }, 'REDIS_SENTINELS needs REDIS_SENTINEL_NAME'],
    [{ ...S, REDIS_URL: 'redis://a' }, 'REDIS_URL and REDIS_SENTINELS contradict'],
    [{ ...S, REDIS_HOST: 'a' }, 'REDIS_HOST and REDIS_SENTINELS contradict'],
    [{ ...S, REDIS_CLUSTER_NODES: 'a:1' }, 'REDIS_CLUSTER_NODES and REDIS_SENTINELS contradict'],
    [{ ...S, REDIS_PORT: '1' }, 'REDIS_PORT and REDIS_SENTINELS contradict'],
    [{ ...S, READ_FROM: 'replica' }, 'READ_FROM=replica needs REDIS_CLUSTER_NODES'],
    [{ ...S, REDIS_SENTINEL_USERNAME: 'u' }, 'REDIS_SENTINEL_USERNAME needs REDIS_SENTINEL_PASSWORD'],
    [{ REDIS_SENTINEL_NAME: 'm' }, 'REDIS_SENTINEL_NAME needs REDIS_SENTINELS'],
    [{ REDIS_HOST: 'a', REDIS_SENTINEL_TLS: 'true' }, 'REDIS_SENTINEL_TLS needs REDIS_SENTINELS'],
    [{ REDIS_CLUSTER_NODES: 'a:1', REDIS_DB: '3' }, 'REDIS_DB and REDIS_CLUSTER_NODES contradict'],
    [{ REDIS_CLUSTER_NODES: 'a:1', REDIS_PORT: '3' }, 'REDIS_PORT and REDIS_CLUSTER_NODES contradict'],
    [{ REDIS_HOST: 'a', REDIS_USERNAME: 'u' }, 'REDIS_USERNAME needs REDIS_PASSWORD'],
    [{ REDIS_PASSWORD: 'p' }, 'REDIS_PASSWORD needs one of'],
    [{ REDIS_DB: '1' }, 'REDIS_DB needs one of'],
    [{ REDIS_TLS: 'yes' }, 'REDIS_TLS needs one of'],
    [
      { REDIS_HOST: 'a', REDIS_TLS_SERVER_NAME: 'b' },
      'REDIS_TLS_SERVER_NAME and a connection without TLS contradict',
    ],
    [{ REDIS_URL: 'redis://a', REDIS_TLS_SERVER_NAME: 'b' }, 'use rediss:// in REDIS_URL'],
  ])('are refused: %j', (env, problem) => {
    expect(problemsOf(env)).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    [{ REDIS_CLUSTER_NODES: 'a:1', REDIS_DB: '0' }, { kind: 'cluster' }],
    [
      { ...S, REDIS_DB: '2', REDIS_PASSWORD: 'p' },
      { kind: 'sentinel', db: 2, password: 'p', name: 'm' },
    ],
    [
      { ...S, REDIS_TLS: 'yes' },
      { tls: true, sentinelLogin: { tls: true } },
    ],
    [
      { ...S, REDIS_TLS: 'yes', REDIS_SENTINEL_TLS: 'no' },
      { tls: true, sentinelLogin: { tls: false } },
    ],
    [{ REDIS_TLS: 'false' }, { kind: 'embedded' }],
  ])('are not mistaken for such: %j', (env, target) => {
    expect(readConfig(env).redis).toMatchObject(target);
  });
});

describe('the files of TLS', () => {
  let dir: string;
  const file = (name: string) => join(dir, name);
  const TLS = { REDIS_URL: 'rediss://a' };

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'order-pipeline-pem-'));
    for (const name of ['one', 'two']) {
      const to = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
      const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      execFileSync('openssl', ['req', '-x509', ...kind, '-subj', `/CN=${name}`, ...to], { stdio: 'ignore' });
    }
    writeFileSync(file('text'), 'no certificate');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('are read at the start', () => {
    const { certificates = {} } = readConfig({
      ...TLS,
      REDIS_TLS_CA: file('two.crt'),
      REDIS_TLS_CERT: file('one.crt'),
      REDIS_TLS_KEY: file('one.key'),
      REDIS_TLS_SERVER_NAME: 'cache.example',
    }).redis as { certificates?: { key?: string } };
    expect(Object.keys(certificates)).toEqual(['ca', 'cert', 'key', 'servername']);
    expect(certificates.key).toContain('PRIVATE KEY');
  });

  it.each([
    ['REDIS_TLS_CA', 'missing', 'must be a file that can be read (ENOENT)'],
    ['REDIS_TLS_CA', '.', 'must be a file that can be read (EISDIR)'],
    ['REDIS_TLS_CA', 'text', 'must be a file of certificates in PEM'],
    ['REDIS_TLS_CA', 'one.key', 'must be a file of certificates in PEM'],
  ])('that are no such are refused by variable and path: %s=%s', (name, path, problem) => {
    const [found, ...others] = problemsOf({ ...TLS, [name]: file(path) });
    expect(others).toEqual([]);
    expect(found).toContain(`${name} ${problem}`);
    expect(found).toContain(JSON.stringify(file(path)));
  });

  it('of a client are a certificate and its own key', () => {
    const REDIS_TLS_CERT = file('one.crt');
    expect(problemsOf({ ...TLS, REDIS_TLS_CERT })).toEqual([
      expect.stringContaining('REDIS_TLS_CERT needs REDIS_TLS_KEY'),
    ]);
    expect(problemsOf({ ...TLS, REDIS_TLS_KEY: file('one.key') })).toEqual([
      expect.stringContaining('REDIS_TLS_KEY needs REDIS_TLS_CERT'),
    ]);
    expect(problemsOf({ ...TLS, REDIS_TLS_CERT, REDIS_TLS_KEY: file('two.key') })).toEqual([
      expect.stringContaining('REDIS_TLS_CERT and REDIS_TLS_KEY contradict each other'),
    ]);
    expect(problemsOf({ ...TLS, REDIS_TLS_CERT, REDIS_TLS_KEY: file('text') })).toEqual([
      expect.stringContaining('REDIS_TLS_KEY must be a private key in PEM'),
    ]);
  });
});

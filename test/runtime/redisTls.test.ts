import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import { readConfig } from '../../src/config/config.ts';
import { closeRedis, connectRedis } from '../../src/store/connections.ts';
import { advised } from '../../src/store/redisAdvice.ts';
import type { RedisTarget } from '../../src/store/redisTarget.ts';
import { makeProducts } from '../process/product.ts';
import { makeAuthority, type TestAuthority } from '../support/certificates.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { MASTER_NAME, startSentinel } from '../support/sentinels.ts';
import { until } from '../support/until.ts';

describe('a connection to Redis over TLS', () => {
  let authority: TestAuthority;
  let server: TestRedis | undefined;
  let port: number;
  let connections: (Redis | Cluster)[];

  beforeAll(() => {
    authority = makeAuthority();
  });
  afterAll(() => authority.remove());
  afterEach(async () => {
    for (const connection of connections) closeRedis(connection);
    await server?.stop();
    server = undefined;
  });

  /** Its certificate is made out to `names`. */
  async function startServer(names: string, ...options: string[]): Promise<TestRedis> {
    connections = [];
    port = await freePort();
    const { cert, key } = authority.certificate(names);
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', authority.ca];
    server = await startTestRedis([
      ...['--tls-port', String(port), '--tls-auth-clients', 'no', ...files],
      ...options,
    ]);
    return server;
  }

  /** What comes of connecting as `env` says: `PONG`, or the first error that says what to do. */
  function connect(env: Record<string, string>): Promise<string> {
    return new Promise((settle) => {
      const target = readConfig(env).redis as RedisTarget;
      const connection = connectRedis(target, 'patient', {
        onError: ({ message }) => (/ REDIS_/.test(message) ? settle(message) : undefined),
      });
      connections.push(connection);
      connection.ping().then(settle, () => {});
    });
  }

  const byUrl = () => ({ REDIS_URL: `rediss://127.0.0.1:${port}` });
  const withCa = () => ({ ...byUrl(), REDIS_TLS_CA: authority.ca });

  it('trusts the authority of REDIS_TLS_CA, and without it says that it is to be set', async () => {
    await startServer('IP:127.0.0.1');
    expect(await connect(withCa())).toBe('PONG');
    const parts = { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), REDIS_TLS: 'true' };
    expect(await connect({ ...parts, REDIS_TLS_CA: authority.ca })).toBe('PONG');
    expect(await connect(parts)).toContain('set REDIS_TLS_CA to the PEM file of the authority');
    expect(await connect(byUrl())).toContain('set REDIS_TLS_CA to the PEM file of the authority');
  });

  it('shows the certificate that a server asks for, and without it says what is to be set', async () => {
    await startServer('IP:127.0.0.1', '--tls-auth-clients', 'yes');
    const { cert, key } = authority.certificate('DNS:order-pipeline');
    expect(await connect({ ...withCa(), REDIS_TLS_CERT: cert, REDIS_TLS_KEY: key })).toBe('PONG');
    expect(await connect(withCa())).toContain('set REDIS_TLS_CERT and REDIS_TLS_KEY');
  });

  it('takes no certificate of another name, unless REDIS_TLS_SERVER_NAME is that name', async () => {
    await startServer('DNS:cache.example');
    expect(await connect(withCa())).toContain('set REDIS_TLS_SERVER_NAME');
    expect(await connect({ ...withCa(), REDIS_TLS_SERVER_NAME: 'cache.example' })).toBe('PONG');
  });

  it.each([
    ['by address', 'IP:127.0.0.1', '127.0.0.1', ['--cluster-announce-ip', '127.0.0.1']],
    [
      'by name',
      'DNS:localhost',
      'localhost',
      ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'],
    ],
  ])('holds for the nodes of a cluster %s', async (_, names, host, announced) => {
    const { client } = await startServer(
      names,
      '--cluster-enabled',
      'yes',
      '--tls-cluster',
      'yes',
      ...announced,
    );
    await client().call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until(async () => /state:ok/.test(String(await client().call('CLUSTER', 'INFO'))), 'it is whole');
    const nodes = { REDIS_CLUSTER_NODES: `${host}:${port}`, REDIS_TLS: 'true' };
    expect(await connect({ ...nodes, REDIS_TLS_CA: authority.ca })).toBe('PONG');
    expect(await connect(nodes)).toContain('set REDIS_TLS_CA to the PEM file of the authority');
  });

  it('holds for sentinels and for the server that they name', async () => {
    await startServer('IP:127.0.0.1', '--tls-replication', 'yes');
    const { cert, key } = authority.certificate('IP:127.0.0.1');
    const tls = { ca: readFileSync(authority.ca) };
    const sentinel = await startSentinel(port, 1, {
      lines: [
        ...['port 0', 'tls-port OWN', 'tls-replication yes', 'tls-auth-clients no', 'requirepass hunter2'],
        ...[`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${authority.ca}`],
      ],
      client: { tls, password: 'hunter2' },
    });
    try {
      const env = {
        REDIS_SENTINELS: `127.0.0.1:${sentinel.port}`,
        REDIS_SENTINEL_NAME: MASTER_NAME,
        REDIS_SENTINEL_PASSWORD: 'hunter2',
        REDIS_TLS: 'true',
        REDIS_TLS_CA: authority.ca,
      };
      expect(await connect(env)).toBe('PONG');
      const { REDIS_TLS_CA: _, ...untrusting } = env;
      expect(await connect(untrusting)).toContain('set REDIS_TLS_CA to the PEM file of the authority');
      expect(await connect({ ...env, REDIS_SENTINEL_PASSWORD: 'other' })).toContain(
        'see REDIS_SENTINEL_USERNAME',
      );
      expect(await connect({ ...env, REDIS_SENTINEL_NAME: 'mymaster' })).toContain(
        'it knows no master "mymaster", see REDIS_SENTINEL_NAME',
      );
    } finally {
      await sentinel.stop();
    }
  });

  it('trusts what NODE_EXTRA_CA_CERTS adds as well', async () => {
    await startServer('IP:127.0.0.1');
    const products = makeProducts();
    try {
      const product = await products.start(['worker'], { ...byUrl(), NODE_EXTRA_CA_CERTS: authority.ca });
      await product.ready();
      product.signal('SIGTERM');
      expect(await product.exited).toBe(0);
    } finally {
      await products.stop();
    }
  });
});

describe('what is said of a fault of a connection', () => {
  it.each([
    ['connect ETIMEDOUT', true, 'if it speaks no TLS on this port'],
    ['write EPROTO: ssl3_get_record:WRONG_VERSION_NUMBER', true, 'it speaks no TLS on this port'],
    ['WRONGPASS invalid username-password pair', false, 'REDIS_USERNAME and REDIS_PASSWORD'],
    ['NOAUTH HELLO must be called with the client already authenticated', false, 'set REDIS_PASSWORD'],
  ])('%s names what to set', (message, tls, advice) => {
    const { message: said } = advised(new Error(message), { tls });
    expect(said).toMatch(new RegExp(`^${message}: `));
    expect(said).toContain(advice);
  });

  it('is what it was where nothing can be set', () => {
    const error = new Error('connect ECONNREFUSED');
    expect(advised(error, { tls: true })).toBe(error);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateQueueCommand,
  ListQueuesCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { openInbox } from '../../src/bridge/sqs/openInbox.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { identityFindings } from '../../src/cli/doctor/inbox.ts';
import { run } from '../../src/cli/doctor/run.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { failureKeys, ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { clientAt } from '../support/localSqs.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { runCommand } from './verifyCommand.ts';

const SAFE = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory', '100mb'];

describe('the doctor', () => {
  let sqs: FauxqsServer;
  let client: SQSClient;
  let safe: TestRedis;
  let careless: TestRedis;
  beforeAll(async () => {
    sqs = await startFauxqs({ port: 0, logger: false });
    client = clientAt(sqs.port);
    safe = await startTestRedis(SAFE);
    careless = await startTestRedis(['--maxmemory-policy', 'allkeys-lru', '--maxmemory', '8mb']);
  });
  afterAll(async () => {
    client.destroy();
    await sqs.stop();
    await safe.stop();
    await careless.stop();
  });

  async function findings(
    redis: { url: string },
    inbox: string,
    env: Record<string, string> = {},
  ): Promise<{ code: number; result: string; found: Map<string, Finding[]> }> {
    const { code, stdout, stderr } = await runCommand(run, '--json', {
      REDIS_URL: redis.url,
      SQS_ENDPOINT: sqs.address,
      QUEUE_NAME: inbox,
      LOG_DIR: '-',
      ...env,
    });
    expect(stderr).toBe('');
    const { result, findings } = JSON.parse(stdout) as { result: string; findings: Finding[] };
    return { code, result, found: byAbout(findings) };
  }

  it('finds nothing bad where the product made its own inbox', async () => {
    await openInbox(client, { queueName: 'orders', visibilitySeconds: 60, maxDeliveries: 20 });
    const { code, result, found } = await findings(safe, 'orders');
    expect([...found.values()].flat().filter(({ level }) => level !== 'good')).toEqual([]);
    expect({ code, result }).toEqual({ code: 0, result: 'good' });
  });

  it('finds what is wrong with a Redis, its queues and an inbox, and says what to type', async () => {
    const redis = careless.client();
    const [partition] = makePartitions(1).all as [Partition];
    await claimPartitions(redis, 1);
    const queue = new Queue(ORDER_QUEUE, { connection: redis, prefix: partition.tag });
    queue.on('error', () => {});
    await queue.pause();
    const { sums, since } = failureKeys(partition);
    await redis.hset(sums, 'orders', 3, 'wrong_type:orders', 3);
    await redis.zadd(since, Date.now(), 'a', Date.now(), 'b', Date.now() - 86_400_000, 'c');
    const { queueUrl: dead } = sqs.createQueue('careless-dlq', {
      attributes: { MessageRetentionPeriod: '60' },
    });
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:careless-dlq';
    await client.send(
      new CreateQueueCommand({
        QueueName: 'careless',
        Attributes: {
          MessageRetentionPeriod: '86400',
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }),
        },
      }),
    );
    await client.send(new SendMessageCommand({ QueueUrl: dead, MessageBody: 'given up' }));

    const env = { SQS_VISIBILITY_SECONDS: '10', PARTITIONS: '1', DURABILITY: 'memory' };
    const { code, found } = await findings(careless, 'careless', env);
    await queue.close();
    const wrong = (about: string) => found.get(about)?.filter(({ level }) => level !== 'good');
    expect(wrong('redis')).toMatchObject([
      {
        level: 'bad',
        says: expect.stringContaining('maxmemory-policy allkeys-lru'),
        type: expect.stringContaining('noeviction'),
      },
    ]);
    expect(wrong('durability')).toMatchObject([{ level: 'look' }]);
    expect(wrong('paused queues')).toMatchObject([
      { level: 'bad', says: expect.stringContaining(partition.tag) },
    ]);
    expect(wrong('failed orders')).toMatchObject([
      { level: 'bad', says: expect.stringMatching(/^3 failed orders .* 2 of them .* most by wrong_type$/) },
    ]);
    expect(wrong('visibility')).toMatchObject([{ level: 'look', type: 'SQS_VISIBILITY_SECONDS=60' }]);
    expect(wrong('retention')).toMatchObject([{ says: expect.stringContaining('older than 1 days') }]);
    expect(wrong('deliveries')).toMatchObject([{ level: 'look' }]);
    expect(wrong('dead letters')).toMatchObject([
      { level: 'bad', type: `aws sqs start-message-move-task --source-arn ${deadLetterTargetArn}` },
      { level: 'look', says: 'they are dropped earlier than messages of the inbox' },
    ]);
    expect(code).toBe(1);
  });

  it('says what is not there, and makes nothing', async () => {
    const before = await safe.client().dbsize();
    const { code, found } = await findings(safe, 'nowhere', {
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    });
    expect(code).toBe(1);
    expect(found.get('redis')).toMatchObject([
      { level: 'bad', says: expect.stringMatching(/^no Redis answers at/) },
    ]);
    expect(found.get('inbox')).toMatchObject([{ level: 'bad' }]);
    const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
    expect(QueueUrls.filter((url) => url.endsWith('nowhere'))).toEqual([]);
    expect(await safe.client().dbsize()).toBe(before);
  });

  it('is for people without --json: what is wrong first, with what to type below', async () => {
    const env = { REDIS_URL: careless.url, SQS_ENDPOINT: sqs.address, QUEUE_NAME: 'nowhere', LOG_DIR: '-' };
    const { code, stdout } = await runCommand(run, '', env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BAD {4}\S.*\n *→ \S/);
    expect(stdout).toMatch(/\n\n\d+ bad, \d+ to look at, \d+ unknown, \d+ good\n$/);
  });

  it('refuses a configuration that no process would start with', async () => {
    const { code, stderr } = await runCommand(run, '', { REDIS_URL: 'redis://h', PARTITIONS: 'many' });
    expect([code, stderr]).toEqual([2, expect.stringContaining('PARTITIONS')]);
  });

  it('tells who AWS takes it for, or that nobody says', async () => {
    const Arn = 'arn:aws:sts::123456789012:assumed-role/order-pipeline/i-1';
    const answers = [
      { status: 200, body: `<GetCallerIdentityResult><Arn>${Arn}</Arn></GetCallerIdentityResult>` },
      { status: 403, body: '<Error><Code>InvalidClientTokenId</Code><Message>no such key</Message></Error>' },
    ];
    const server = createServer((_request, response) => {
      const { status, body } = answers.shift() ?? { status: 500, body: '' };
      const name = status === 200 ? 'GetCallerIdentityResponse' : 'ErrorResponse';
      response.writeHead(status, { 'content-type': 'text/xml' }).end(`<${name}>${body}</${name}>`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sts = new STSClient({ endpoint, region: 'eu-west-1', maxAttempts: 1 });
    try {
      expect(await identityFindings(sts, 'eu-west-1')).toMatchObject([
        { level: 'good', says: `${Arn} in eu-west-1` },
      ]);
      expect(await identityFindings(sts, 'eu-west-1')).toMatchObject([
        { level: 'unknown', says: 'no such key' },
      ]);
    } finally {
      sts.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

function byAbout(findings: readonly Finding[]): Map<string, Finding[]> {
  const found = new Map<string, Finding[]>();
  for (const each of findings) found.set(each.about, [...(found.get(each.about) ?? []), each]);
  return found;
}

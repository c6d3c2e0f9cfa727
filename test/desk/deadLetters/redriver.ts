import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { deadLetters } from '../../../src/bridge/sqs/deadLetters.ts';
import { driveRedrive, readRedrive } from '../../../src/desk/deadLetters/redrive.ts';

/* A process that drives the redrive that is under way, to be killed: node --import tsx redriver.ts REDIS SQS. */

const [, , redisUrl = '', endpoint = ''] = process.argv;
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const redis = new Redis(redisUrl);
const audit = makeAuditLog(redis, { retentionDays: 400 });
const queue = deadLetters({ endpoint, region: 'us-east-1', credentials, queueName: 'orders' });
const me = randomUUID();
const never = new AbortController().signal;
// Until what a killed one holds is free.
while ((await readRedrive(redis))?.state === 'running') {
  await driveRedrive({ redis, audit, queue, holdSeconds: 2 }, me, never);
  await delay(100);
}
redis.disconnect();
queue.close();

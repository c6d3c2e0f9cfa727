import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SqsTarget, sqsCredentials } from '../../src/bridge/sqs/client.ts';
import { createLeanSqsClient, UNUSED_STEPS } from '../../src/bridge/sqs/leanClient.ts';
import { type LocalSqs, startLocalSqs } from '../support/localSqs.ts';

/* The lean client takes out of the SDK what its release has. When one of these fails, the SDK has changed underneath:
   look at leanClient.ts, and measure with `npm run bench -- bridge` what is still gained. */

describe('the lean SQS client', () => {
  let sqs: LocalSqs;
  let target: SqsTarget;
  let url: string;
  beforeAll(async () => {
    sqs = await startLocalSqs();
    url = await sqs.queue('lean');
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    target = { endpoint: `http://127.0.0.1:${sqs.port}`, region: 'us-east-1', credentials };
  });
  afterAll(() => sqs.stop());

  it('leaves out steps that the SDK has by these names', () => {
    const names = new SQSClient({ region: 'us-east-1' }).middlewareStack.identify();
    for (const step of UNUSED_STEPS) expect(names).toContainEqual(expect.stringContaining(step));
  });

  it('leaves out the checksum of bodies, for which the SDK has a switch', async () => {
    // Without md5 the step that compares it is not there at all.
    const steps = (md5?: false) =>
      new SQSClient({ region: 'us-east-1', ...(md5 === false ? { md5 } : {}) }).config.md5;
    expect(steps(false)).toBe(false);
    expect(steps()).toEqual(expect.any(Function));
  });

  it('puts the steps of a command together once, however many calls there are', async () => {
    const client = createLeanSqsClient(target, sqsCredentials(target));
    const signal = new AbortController().signal;
    let resolved = 0;
    const resolve = SendMessageCommand.prototype.resolveMiddleware;
    SendMessageCommand.prototype.resolveMiddleware = function (...args) {
      resolved += 1;
      return resolve.apply(this, args);
    };
    try {
      for (const MessageBody of ['1', '2', '3'])
        await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody }), signal);
    } finally {
      SendMessageCommand.prototype.resolveMiddleware = resolve;
      client.destroy();
    }
    expect(resolved).toBe(1);
    expect(await sqs.receiveAll(url)).toEqual(['1', '2', '3']);
  });

  it('ends a call whose signal aborts, though the signal is no option of it', async () => {
    const client = createLeanSqsClient(target, sqsCredentials(target));
    const aborted = AbortSignal.abort();
    const call = client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'never' }), aborted);
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    client.destroy();
    expect(await sqs.receiveAll(url)).toEqual([]);
  });
});

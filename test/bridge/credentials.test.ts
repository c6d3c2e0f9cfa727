import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { awsError, type Fault } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig, type Rig } from './rig.ts';

const ACTIONS = ['GetQueueUrl', 'CreateQueue', 'GetQueueAttributes', 'ReceiveMessage', 'DeleteMessageBatch'];
/** The SDK reads these from the process, whatever settings the product is given. */
const OF_THE_SDK = [
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONFIG_FILE',
  'AWS_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ENDPOINT_URL',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'order-pipeline-aws-'));
  for (const name of OF_THE_SDK) delete process.env[name];
  process.env.AWS_SHARED_CREDENTIALS_FILE = join(folder, 'credentials');
  process.env.AWS_CONFIG_FILE = join(folder, 'config');
});
afterEach(() => {
  for (const name of OF_THE_SDK) delete process.env[name];
  rmSync(folder, { recursive: true, force: true });
});

const write = (file: 'credentials' | 'config', ...lines: string[]) =>
  writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
const writeKey = (id: string, section = '[default]') =>
  write('credentials', section, `aws_access_key_id = ${id}`, `aws_secret_access_key = secret-of-${id}`);

/** Notes what each call was signed with, `KEY/REGION`, and lets it pass unless the key has expired. */
function watchSignatures(rig: Rig) {
  const seen = new Map<string, Set<string>>();
  const expired = new Set<string>();
  for (const action of ACTIONS) {
    const signed = new Set<string>();
    seen.set(action, signed);
    const watch: Fault = (call) => {
      const header = String(call.response.req.headers.authorization);
      const [, key = '', region] = /Credential=([^/]+)\/\d+\/([^/]+)\/sqs\//.exec(header) ?? [];
      signed.add(`${key}/${region}`);
      return expired.has(key)
        ? awsError(403, 'ExpiredToken', 'The security token included in the request is expired')(call)
        : call.pass();
    };
    rig.proxy.disturb(action, watch);
  }
  const all = () => [...new Set([...seen.values()].flatMap((signed) => [...signed]))];
  return { of: (action: string) => [...(seen.get(action) ?? [])], all, expired };
}

describe('what is sent to an endpoint of one’s own is signed', () => {
  it(
    'with the credentials that the SDK finds, for its region',
    inRig(async (rig) => {
      // The rig's own client has looked for the files of before, and the SDK remembers that there were none.
      folder = mkdtempSync(join(folder, 'shop-'));
      process.env.AWS_SHARED_CREDENTIALS_FILE = join(folder, 'credentials');
      process.env.AWS_CONFIG_FILE = join(folder, 'config');
      writeKey('AKIAPROFILE', '[shop]');
      write('config', '[profile shop]', 'region = eu-south-2');
      process.env.AWS_PROFILE = 'shop';
      const signatures = watchSignatures(rig);
      await rig.start();
      await rig.sendOrders(1);
      await rig.settled();
      expect(signatures.all()).toEqual(['AKIAPROFILE/eu-south-2']);
    }),
  );

  it(
    'with made-up ones when it finds none, and the log says so',
    inRig(async (rig) => {
      const signatures = watchSignatures(rig);
      await rig.start();
      await rig.sendOrders(1);
      await rig.settled();
      expect(signatures.all()).toEqual(['local/us-east-1']);
      expect(rig.log()).toContainEqual(
        expect.objectContaining({ message: 'SQS', credentials: expect.stringMatching(/^made up/) }),
      );
    }),
  );

  it(
    'with none at all when those that are named cannot be had',
    inRig(async (rig) => {
      process.env.AWS_WEB_IDENTITY_TOKEN_FILE = join(folder, 'no-such-token');
      process.env.AWS_ROLE_ARN = 'arn:aws:iam::123456789012:role/bridge';
      const signatures = watchSignatures(rig);
      const app = await rig.start();
      await app.untilBridge(({ sqs }) => sqs.state === 'failing', 'the bridge cannot poll');
      expect((await app.bridge()).sqs.reason).toMatch(
        /^a file that should give AWS credentials is missing.*no-such-token/,
      );
      expect(signatures.all()).toEqual([]);
    }),
  );

  it(
    'for the region of the queue behind it',
    inRig(async (rig) => {
      const signatures = watchSignatures(rig);
      await rig.start({
        QUEUE_NAME: '',
        SQS_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/000000000000/orders',
        AWS_REGION: 'us-east-1',
      });
      await until(() => signatures.all().length > 0, 'the bridge polls');
      expect(signatures.all()).toEqual(['local/eu-west-1']);
      expect(rig.log()).toContainEqual(
        expect.objectContaining({
          message: 'SQS',
          region: 'eu-west-1',
          region_because: 'SQS_QUEUE_URL is there, whatever AWS_REGION=us-east-1 says',
        }),
      );
    }),
  );
});

describe('with SQS=aws', () => {
  it(
    "the SDK's own AWS_ENDPOINT_URL is asked, in the region that is named",
    inRig(async (rig) => {
      writeKey('AKIAROLE');
      process.env.AWS_ENDPOINT_URL = rig.proxy.endpoint;
      const signatures = watchSignatures(rig);
      await rig.start({ SQS: 'aws', SQS_ENDPOINT: '', AWS_DEFAULT_REGION: 'eu-west-1' });
      await rig.sendOrders(1);
      await rig.settled();
      expect(signatures.all()).toEqual(['AKIAROLE/eu-west-1']);
    }),
  );

  it(
    'nothing is asked for, and nothing created, in a region that nobody named',
    inRig(async (rig) => {
      writeKey('AKIAROLE');
      process.env.AWS_ENDPOINT_URL = rig.proxy.endpoint;
      await expect(rig.start({ SQS: 'aws', SQS_ENDPOINT: '' })).rejects.toThrow(
        /^no AWS region is named: set AWS_REGION/,
      );
      expect(ACTIONS.map((action) => rig.proxy.calls(action))).toEqual([0, 0, 0, 0, 0]);
      expect(rig.sqs.inspectQueue('orders')).toBeUndefined();
    }),
  );
});

describe('credentials that have expired', () => {
  it(
    'are read again from a file that was written anew, by polls and deletes alike',
    inRig(async (rig) => {
      writeKey('AKIAOLD');
      const signatures = watchSignatures(rig);
      const app = await rig.start();
      await rig.sendOrders(1);
      await rig.settled();
      expect(signatures.of('DeleteMessageBatch')).toEqual(['AKIAOLD/us-east-1']);

      signatures.expired.add('AKIAOLD');
      await app.untilBridge(({ sqs }) => sqs.state === 'failing', 'polls are refused');
      expect((await app.bridge()).sqs.reason).toMatch(/^the AWS credentials have expired: renew them/);
      writeKey('AKIANEW');
      await app.untilBridge(({ sqs }) => sqs.state === 'polling', 'polls work again');
      await rig.sendOrders(12);
      await rig.settled();
      expect(signatures.of('ReceiveMessage')).toEqual(['AKIAOLD/us-east-1', 'AKIANEW/us-east-1']);
      expect(signatures.of('DeleteMessageBatch')).toEqual(['AKIAOLD/us-east-1', 'AKIANEW/us-east-1']);
    }),
  );

  it(
    'are read again by a delete that meets the end of them, too',
    inRig(async (rig) => {
      writeKey('AKIAOLD');
      const signatures = watchSignatures(rig);
      await rig.start();
      const { end } = rig.proxy.disturb('ReceiveMessage', (call) => call.pass());
      await until(() => rig.proxy.underWay('ReceiveMessage') > 0, 'the bridge polls');
      // From the delivery on: the poll was signed before, its delete is signed after.
      signatures.expired.add('AKIAOLD');
      writeKey('AKIANEW');
      await rig.sendOrders(3);
      await rig.settled();
      end();
      expect(signatures.of('DeleteMessageBatch')).toContain('AKIANEW/us-east-1');
    }),
  );
});

describe('a start without SQS', () => {
  it(
    'signs with what there is once there is any',
    inRig(async (rig) => {
      writeKey('AKIAOLD');
      const signatures = watchSignatures(rig);
      signatures.expired.add('AKIAOLD');
      const app = await rig.start();
      expect((await app.bridge()).sqs).toMatchObject({
        state: 'failing',
        reason: expect.stringMatching(/expired/),
      });
      writeKey('AKIANEW');
      await app.untilBridge(({ sqs }) => sqs.state === 'polling', 'the inbox is polled');
      await rig.sendOrders(1);
      await rig.settled();
    }),
  );
});

import { GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { explainSqsError } from '../../bridge/sqs/errors.ts';
import type { InboxSettings, Send } from '../../bridge/sqs/openInbox.ts';
import { DAY_SECONDS } from '../../runtime/units.ts';
import { whole } from '../kit/print.ts';
import { either, type Finding, good, lookAt } from './finding.ts';

/** A hold-up of Redis that is longer makes messages come twice, which is harmless and costs. */
const SHORT_VISIBILITY_S = 30;
const FEW_RECEIVES = 5;
const SHORT_RETENTION_DAYS = 4;

/** Who AWS takes this process for. Anybody may ask that. */
export const identityFindings = (sts: Pick<STSClient, 'send'>, region: string): Promise<Finding[]> =>
  lookAt(
    'aws identity',
    async () => [
      good('aws identity', `${(await sts.send(new GetCallerIdentityCommand({}))).Arn} in ${region}`),
    ],
    { level: 'unknown', type: 'aws sts get-caller-identity' },
  );

/** Whether the inbox is there and keeps what it is given. Nothing is created or received. */
export function inboxFindings(client: Send, settings: InboxSettings): Promise<Finding[]> {
  const { queueName, visibilitySeconds } = settings;
  const look = async () => {
    const url = settings.queueUrl ?? (await urlOf(client, queueName));
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
    );
    return [
      good('inbox', `${url}, ${whole(Number(Attributes.ApproximateNumberOfMessages ?? 0))} messages wait`),
      either(
        'visibility',
        visibilitySeconds < SHORT_VISIBILITY_S,
        {
          level: 'look',
          says: `messages come again after ${visibilitySeconds} s in which Redis takes no job`,
          type: 'SQS_VISIBILITY_SECONDS=60',
        },
        `messages are hidden for ${visibilitySeconds} s, and for longer while a bridge holds them`,
      ),
      retention(url, Number(Attributes.MessageRetentionPeriod ?? 0)),
      ...(await deadLetters(client, url, Attributes)),
    ];
  };
  return lookAt(
    'inbox',
    () =>
      look().catch((error: unknown) => {
        throw explainSqsError(error);
      }),
    {
      level: 'bad',
      type: 'aws sqs get-queue-attributes for it from here; the rights that are needed are in deploy/aws/policy.json',
    },
  );
}

async function urlOf(client: Send, QueueName: string): Promise<string> {
  return (await client.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl as string;
}

const retention = (url: string, seconds: number): Finding =>
  either(
    'retention',
    seconds < SHORT_RETENTION_DAYS * DAY_SECONDS,
    {
      level: 'look',
      says: `SQS drops what is older than ${days(seconds)}: an outage of that length loses orders`,
      type: `aws sqs set-queue-attributes --queue-url ${url} --attributes MessageRetentionPeriod=1209600`,
    },
    `SQS keeps messages for ${days(seconds)}`,
  );

const days = (seconds: number): string => `${Math.round((10 * seconds) / DAY_SECONDS) / 10} days`;

async function deadLetters(
  client: Send,
  url: string,
  { RedrivePolicy, MessageRetentionPeriod }: Record<string, string>,
): Promise<Finding[]> {
  const { deadLetterTargetArn: arn, maxReceiveCount } = policyIn(RedrivePolicy);
  if (arn === undefined) {
    return [
      {
        about: 'dead letters',
        level: 'look',
        says: 'there is no dead-letter queue: what cannot be handed over comes again until it is dropped',
        type: `aws sqs set-queue-attributes --queue-url ${url} --attributes RedrivePolicy=…`,
      },
    ];
  }
  const receives = either(
    'deliveries',
    Number(maxReceiveCount) < FEW_RECEIVES,
    {
      level: 'look',
      says: `SQS gives a message up after ${maxReceiveCount} deliveries: restarts and hold-ups use them up`,
      type: 'maxReceiveCount of 20 in its RedrivePolicy',
    },
    `SQS gives a message up after ${maxReceiveCount} deliveries`,
  );
  const kept = await lookAt(
    'dead letters',
    async () => {
      const QueueUrl = await urlOf(client, arn.split(':').at(-1) as string);
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
      );
      const count = Number(Attributes.ApproximateNumberOfMessages ?? 0);
      return [
        either(
          'dead letters',
          count > 0,
          {
            level: 'bad',
            says: `${whole(count)} messages were given up`,
            type: `aws sqs start-message-move-task --source-arn ${arn}`,
          },
          'no message was given up',
        ),
        // SQS counts from when a message was sent first, not from when it was given up.
        either(
          'dead letters',
          Number(Attributes.MessageRetentionPeriod) < Number(MessageRetentionPeriod),
          {
            level: 'look',
            says: 'they are dropped earlier than messages of the inbox',
            type: `aws sqs set-queue-attributes --queue-url ${QueueUrl} --attributes MessageRetentionPeriod=1209600`,
          },
          'they are kept as long as messages of the inbox',
        ),
      ];
    },
    { level: 'unknown', type: 'sqs:GetQueueUrl and sqs:GetQueueAttributes on the dead-letter queue' },
  );
  return [receives, ...kept];
}

function policyIn(text: string | undefined): { deadLetterTargetArn?: string; maxReceiveCount?: number } {
  try {
    return JSON.parse(text ?? '{}');
  } catch {
    return {};
  }
}

import * as z from 'zod';
import { sqsRegionOf } from './awsHosts.ts';

/** Where something of SQS is. It is logged and printed as it stands, so nothing secret may be in it. */
export const sqsUrl = () => z.string().superRefine(refuseFor(problemOfUrl));

/** Where a queue is, with its name at the end. */
export const queueUrl = () =>
  z
    .string()
    .superRefine(refuseFor((text) => problemOfArn(text) ?? problemOfUrl(text) ?? problemOfName(text)));

/** The name of the queue that a checked URL leads to. */
export const queueNameOf = (text: string): string => new URL(text).pathname.split('/').at(-1) as string;

/** The first problem alone: whatever else is wrong with such a value follows from it. */
const refuseFor =
  (problemOf: (text: string) => string | undefined) =>
  (text: string, context: z.core.$RefinementCtx<string>): void => {
    const message = problemOf(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message, continue: false });
  };

function problemOfUrl(text: string): string | undefined {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    return 'must be a URL starting with http:// or https://';
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') {
    return 'must have no login in it: credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  }
  const [more] = /[?#]/.exec(text) ?? [];
  return more === undefined ? undefined : `must end with its path, without ${more} and what follows`;
}

function problemOfArn(text: string): string | undefined {
  if (!/^arn:/i.test(text)) return undefined;
  const [, partition, , region = 'REGION', account = 'ACCOUNT', name = 'NAME'] = text.split(':');
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `must be the URL of the queue, not its ARN: https://sqs.${region}.${domain}/${account}/${name}`;
}

function problemOfName(text: string): string | undefined {
  const name = sqsRegionOf(text) === undefined ? /\/[\w-]+(\.fifo)?$/ : /^\/\d+\/[\w-]+(\.fifo)?$/;
  return name.test(new URL(text).pathname)
    ? undefined
    : 'must end in the name of a queue, at AWS /ACCOUNT/NAME';
}

import * as z from 'zod';
import { problemOfPrintedUrl, refuseFor } from './printedUrl.ts';

/** Where something of SQS is. */
export const sqsUrl = () => z.string().superRefine(refuseFor(problemOfUrl));

/** Where a queue is, with its name at the end. */
export const queueUrl = () =>
  z
    .string()
    .superRefine(refuseFor((text) => problemOfArn(text) ?? problemOfUrl(text) ?? problemOfName(text)));

/** The name of the queue that a checked URL leads to. */
export const queueNameOf = (text: string): string => new URL(text).pathname.split('/').at(-1) as string;

const problemOfUrl = (text: string): string | undefined =>
  problemOfPrintedUrl(text, 'credentials go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');

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

/** Of each partition, the domain of its services and the one they have for IPv6 as well. */
const DOMAINS = [
  'amazonaws.com',
  'api.aws',
  'amazonaws.com.cn',
  'api.amazonwebservices.com.cn',
  'amazonaws.eu',
  'api.amazonwebservices.eu',
  'c2s.ic.gov',
  'api.aws.ic.gov',
  'sc2s.sgov.gov',
  'api.aws.scloud',
  'cloud.adc-e.uk',
  'api.cloud-aws.adc-e.uk',
  'csp.hci.ic.gov',
  'api.aws.hci.ic.gov',
];

const REGION = '[a-z]{2,8}(?:-[a-z]+)+-\\d+';
const DOMAIN = `(?:${DOMAINS.join('|').replaceAll('.', '\\.')})`;
/** `sqs.REGION`, `sqs-fips.REGION`, and either behind a VPC endpoint's own name. */
const TODAY = new RegExp(`^(?:vpce-[a-z0-9-]+\\.)?sqs(?:-fips)?\\.(${REGION})(?:\\.vpce)?\\.${DOMAIN}$`);
/** Names from before that, which still answer. */
const LEGACY = new RegExp(`^(${REGION})\\.queue\\.${DOMAIN}$`);
const OLDEST = 'queue.amazonaws.com';

/** The region of SQS at AWS that a URL names; undefined when it is not SQS at AWS. */
export function sqsRegionOf(url: string): string | undefined {
  const host = new URL(url).hostname.replace(/\.$/, '');
  if (host === OLDEST) return 'us-east-1';
  return (TODAY.exec(host) ?? LEGACY.exec(host))?.[1];
}

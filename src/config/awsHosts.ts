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

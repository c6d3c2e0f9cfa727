/** What to do about an error of SQS or of the way to it, by the names AWS gives them. */
const ADVICE: [names: RegExp, advice: string][] = [
  [
    /^(CredentialsProviderError|UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|MissingAuthenticationToken)/,
    'no valid AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role',
  ],
  [/^SlowCredentials/, 'the AWS credentials did not come in time: check what gives them'],
  [/^ENOENT/, 'a file that should give AWS credentials is missing'],
  [/^ExpiredToken/, 'the AWS credentials have expired: renew them'],
  [
    /^(RequestExpired|RequestTimeTooSkewed|SignatureDoesNotMatch|InvalidSignatureException)/,
    "AWS does not accept the signature: check this machine's clock (NTP), then the secret key",
  ],
  [
    /^(AccessDenied|AuthorizationError|NotAuthorized|KmsAccessDenied)/,
    'not allowed: the role needs sqs:ReceiveMessage, sqs:DeleteMessage, sqs:ChangeMessageVisibility and ' +
      'sqs:GetQueueUrl on the inbox (and kms:Decrypt when it is encrypted)',
  ],
  [
    /(QueueDoesNotExist|NonExistentQueue)/,
    'the inbox does not exist (any more): check QUEUE_NAME, SQS_QUEUE_URL and AWS_REGION, or create it again',
  ],
  [
    /^InvalidAddress/,
    'the inbox is not there: check that SQS_QUEUE_URL belongs to the region and the endpoint that are set',
  ],
  [/^QueueDeletedRecently/, 'the inbox was deleted a moment ago: AWS allows it again after 60 seconds'],
  [
    /(Throttl|TooManyRequests|SlowDown)/,
    'SQS throttles: the bridge backs off; lower BRIDGE_MAX_RECEIVES if it lasts',
  ],
  [
    /^OverLimit/,
    'too many messages in flight: other consumers of the inbox hold messages without deleting them',
  ],
  [
    /(CERT|ERR_TLS|UNABLE_TO_VERIFY)/,
    "the endpoint's certificate is not trusted: name the file of your own authority in NODE_EXTRA_CA_CERTS",
  ],
  [
    /(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/,
    'SQS cannot be reached: check the endpoint, AWS_REGION and the network',
  ],
  [/^(TimeoutError|SlowCall)/, 'SQS did not answer in time: check the network'],
  [/^SyntaxError/, 'what answered is not SQS: check the endpoint, and the proxies on the way to it'],
];

/** AWS refuses a signature for another region under the name it has for a wrong clock or a wrong key. */
const WRONG_REGION = /scoped to a valid region|scoped to correct region|wrong; expecting/i;
const REGION_ADVICE =
  'AWS expects a signature for another region: set AWS_REGION to the one of the inbox, or SQS_QUEUE_URL to its URL';
const UNKNOWN_KEY = /^(InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId)/;
const MADE_UP_ADVICE =
  'the AWS SDK found no credentials, and the endpoint refuses made-up ones: give the machine a role, or set ' +
  'AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';

/**
 * The same error with a message that says what to do; the original stays its cause. `isMadeUp`: the call was signed
 * with credentials that nobody gave.
 */
export function explainSqsError(error: unknown, isMadeUp = false): Error {
  const {
    name = '',
    message = String(error),
    code = '',
  } = error as { name?: string; message?: string; code?: string };
  const advice = adviceFor(name, code, message, isMadeUp);
  // The SDK's further lines tell developers where to look in its objects.
  const said = message.split('\n', 1)[0];
  const what = said && said !== name ? `${name}: ${said}` : name;
  return new Error(advice === undefined ? what : `${advice} (${what})`, { cause: error });
}

function adviceFor(name: string, code: string, message: string, isMadeUp: boolean): string | undefined {
  if (WRONG_REGION.test(message)) return REGION_ADVICE;
  if (isMadeUp && UNKNOWN_KEY.test(name)) return MADE_UP_ADVICE;
  return ADVICE.find(([names]) => names.test(name) || names.test(code))?.[1];
}

/** What to do about an error of SQS or of the way to it, by the names AWS gives them. */
const ADVICE: [names: RegExp, advice: string][] = [
  [
    /^(CredentialsProviderError|UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|MissingAuthenticationToken)/,
    'no valid AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role',
  ],
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
    /(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|EPIPE)/,
    'SQS cannot be reached: check the endpoint and the network',
  ],
  [/^(TimeoutError|SlowCall)/, 'SQS did not answer in time: check the network'],
  [/^SyntaxError/, 'what answered is not SQS: check the endpoint, and the proxies on the way to it'],
];

/** The same error with a message that says what to do; the original stays its cause. */
export function explainSqsError(error: unknown): Error {
  const {
    name = '',
    message = String(error),
    code = '',
  } = error as { name?: string; message?: string; code?: string };
  const advice = ADVICE.find(([names]) => names.test(name) || names.test(code))?.[1];
  // The SDK's further lines tell developers where to look in its objects.
  const said = message.split('\n', 1)[0];
  const what = said && said !== name ? `${name}: ${said}` : name;
  return new Error(advice === undefined ? what : `${advice} (${what})`, { cause: error });
}

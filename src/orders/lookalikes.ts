import { objectTextIn } from './bodyText.ts';
import { isRecord } from './record.ts';
import { unreadableLookalike } from './unreadableText.ts';

type Fields = Record<string, unknown>;

/**
 * What a refused order looks like instead, and what to do, in one sentence; undefined when nobody can tell. Takes the
 * value that was sent, or its text; and INBOX_ENVELOPE, so that nobody is told to set what is set. Says nothing of what
 * it holds: that may be personal.
 */
export function lookalike(sent: unknown, envelope?: string): string | undefined {
  if (typeof sent === 'string') return lookalikeOfText(sent, envelope);
  if (Array.isArray(sent)) return lookalikeOfList(sent);
  if (!isRecord(sent) || isOurs(sent)) return undefined;
  const sentence = FOREIGN.find(([looksSo]) => looksSo(sent))?.[1];
  return typeof sentence === 'function' ? sentence(sent, envelope) : sentence;
}

/** What to say, or how to find it. */
type Sentence = string | ((sent: Fields, envelope: string | undefined) => string);

const DELETION =
  'It looks like a change event of Debezium without a row after it, such as a deletion: there is nothing to count, and it can be deleted.';

/** Advises a place; says what is true where it is set, or where nothing is at it. */
function within(what: string, place: string, advice: string): Sentence {
  return (sent, envelope) => {
    const isThere =
      place.split('.').reduce<unknown>((at, name) => (isRecord(at) ? at[name] : at), sent) != null;
    if (!isThere) return `It looks like ${what} with nothing under ${place}: there is no order in it.`;
    if (envelope === place)
      return `It looks like ${what} whose ${place} could not be read: look at it there.`;
    return `It looks like ${what}: INBOX_ENVELOPE=${place} ${advice}.`;
  };
}

/** A place is also looked for inside of SNS and EventBridge. */
const takesOff = (envelope: string | undefined): boolean => envelope !== undefined && envelope !== 'none';

const ENCODED_AGAIN =
  'It looks like JSON that was encoded as a JSON string more than once: let its sender encode it once.';

/** With these it is meant to be an order, whatever else stands beside them. */
const isOurs = (sent: Fields): boolean => has(sent, 'order_id', 'user_id') || has(sent, 'order_id', 'items');

function lookalikeOfText(text: string, envelope: string | undefined): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? ENCODED_AGAIN : lookalike(value, envelope);
  } catch {
    return unreadableLookalike(text);
  }
}

function lookalikeOfList(list: readonly unknown[]): string | undefined {
  const [first, second] = list;
  if (typeof first === 'string' && isRecord(second) && has(second, 's3BucketName', 's3Key')) {
    return 'It looks like a pointer of the SQS extended client library, whose body lies in S3: let a consumer with that library pass the body on, or send orders below 1 MiB without it.';
  }
  if (list.length > 0 && list.every((each) => isRecord(each) && isCloudEvent(each))) {
    return 'It looks like a batch of CloudEvents: send a message for each.';
  }
  if (list.length > 0 && list.every(isRecord)) {
    return 'It looks like a list of orders: send a message for each.';
  }
  return undefined;
}

/** The first that fits is taken: what is surest comes first. */
const FOREIGN: readonly [looksSo: (sent: Fields) => boolean, sentence: Sentence][] = [
  [
    ({ Service, Event }) => Service === 'Amazon S3' && Event === 's3:TestEvent',
    'It looks like the test event that S3 sends when notifications are set up: it can be deleted, and bucket notifications belong in another queue.',
  ],
  [
    recordsOf('aws:s3'),
    'It looks like an S3 event notification, which names an object and does not hold it: send the order itself, and point the bucket at another queue.',
  ],
  [
    recordsOf('aws:sqs'),
    'It looks like a batch of SQS messages as Lambda gets it: send the body of each record as a message of its own.',
  ],
  [
    recordsOf('aws:sns'),
    'It looks like a batch of SNS notifications as Lambda gets it: subscribe the inbox to the topic, or send the message of each record on its own.',
  ],
  [
    (sent) => Array.isArray(sent.Records),
    'It looks like a batch of records of an AWS service: send the order of each record as a message of its own.',
  ],
  [
    ({ Type, TopicArn }) => isText(TopicArn) && /^(Subscription|Unsubscribe)Confirmation$/.test(String(Type)),
    'It looks like a confirmation of an SNS subscription: confirm it by visiting its SubscribeURL, or subscribe the queue from an account that owns it; then this can be deleted.',
  ],
  [
    ({ Type, TopicArn, Message }) => Type === 'Notification' && isText(TopicArn) && isText(Message),
    (_, envelope) =>
      takesOff(envelope)
        ? 'It looks like an SNS notification whose envelope could not be taken off: it lacks its MessageId, or is in too many others. Switch on raw message delivery.'
        : 'It looks like an SNS notification that is still in its envelope: INBOX_ENVELOPE=auto takes orders out of it, or switch on raw message delivery.',
  ],
  [
    (sent) => isText(sent['detail-type']) && 'detail' in sent,
    (_, envelope) =>
      takesOff(envelope)
        ? 'It looks like an EventBridge event whose envelope could not be taken off: it lacks its id, its source or an object under detail, or is in too many others. Let the rule pass $.detail only.'
        : 'It looks like an EventBridge event that is still in its envelope: INBOX_ENVELOPE=auto takes orders out of it, or let the rule pass $.detail only.',
  ],
  [
    (sent) => isText(sent.specversion) && isText(sent.type) && has(sent, 'data_base64'),
    (_, envelope) =>
      `It looks like a CloudEvent with binary data: let its sender put the order as JSON under data${envelope === 'data' ? '' : ', and set INBOX_ENVELOPE=data'}.`,
  ],
  [isCloudEvent, within('a CloudEvent', 'data', 'takes the order from its data')],
  [({ payload }) => isRecord(payload) && isDeletion(payload), DELETION],
  [isDeletion, DELETION],
  [
    ({ payload }) => isRecord(payload) && isChange(payload),
    within(
      'a change event of Debezium',
      'payload.after',
      'takes the order from it, and deletions belong in another queue',
    ),
  ],
  [
    isChange,
    within(
      'a change event of Debezium without its schema',
      'after',
      'takes the order from it, and deletions belong in another queue',
    ),
  ],
  [
    ({ schema, payload }) => isRecord(schema) && isRecord(payload),
    within('a record of Kafka Connect with its schema', 'payload', 'takes the order from it'),
  ],
  [
    (sent) => has(sent, 'admin_graphql_api_id', 'line_items'),
    'It looks like an order as Shopify sends it to webhooks: it has to be mapped to order_id, user_id, order_value and items first.',
  ],
  [
    (sent) => has(sent, 'line_items', 'order_key') || has(sent, 'line_items', 'billing', 'number'),
    'It looks like an order as WooCommerce sends it to webhooks: it has to be mapped to order_id, user_id, order_value and items first.',
  ],
  [
    ({ object, data }) => object === 'event' && isRecord(data) && isRecord(data.object),
    'It looks like an event of Stripe: it has to be mapped to order_id, user_id, order_value and items first.',
  ],
  [
    ({ messageType, message }) => Array.isArray(messageType) && isRecord(message),
    within('a message of MassTransit', 'message', 'takes the order from it'),
  ],
  [
    (sent) => isText(sent.body) && has(sent, 'properties', 'headers', 'content-type'),
    'It looks like a task of Celery: those belong in another queue.',
  ],
  [
    ({ job, data }) => isText(job) && job.startsWith('Illuminate\\') && isRecord(data),
    'It looks like a queued job of Laravel: those belong in another queue.',
  ],
  [
    (sent) => has(sent, 'AlarmName', 'NewStateValue'),
    'It looks like an alarm of CloudWatch: those belong in another queue.',
  ],
  [
    (sent) => Object.values(sent).length > 1 && Object.values(sent).every(isDynamoValue),
    'It looks like an item in the format of DynamoDB: let its sender unmarshal it to plain JSON.',
  ],
  ...['order', 'data', 'detail', 'payload', 'body', 'message', 'event'].map(
    (name): [(sent: Fields) => boolean, Sentence] => [
      (sent) => holdsOrder(sent[name]),
      within(`an order inside of ${name}`, name, 'takes it from there'),
    ],
  ),
  [
    ({ orders }) => Array.isArray(orders) && orders.length > 0 && orders.every(isRecord),
    'It looks like several orders in one message: send a message for each.',
  ],
];

function recordsOf(source: string): (sent: Fields) => boolean {
  return ({ Records }) => {
    const first: unknown = Array.isArray(Records) ? Records[0] : undefined;
    return isRecord(first) && (first.eventSource === source || first.EventSource === source);
  };
}

/** Debezium's `op` is create, read, update, delete, truncate or message. */
function isChange(sent: Fields): boolean {
  return has(sent, 'after', 'op') && /^[crudtm]$/.test(String(sent.op));
}

function isCloudEvent({ specversion, type }: Fields): boolean {
  return isText(specversion) && isText(type);
}

function isDeletion(sent: Fields): boolean {
  return isChange(sent) && sent.after === null;
}

/** As an object, or as its text. */
function holdsOrder(value: unknown): boolean {
  const text = typeof value === 'string' ? objectTextIn(value) : undefined;
  const held: unknown = text === undefined ? value : JSON.parse(text);
  return isRecord(held) && has(held, 'order_id');
}

const DYNAMO_TYPES = new Set(['S', 'N', 'B', 'M', 'L', 'SS', 'NS', 'BS', 'BOOL', 'NULL']);

function isDynamoValue(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const [type = '', ...more] = Object.keys(value);
  return more.length === 0 && DYNAMO_TYPES.has(type);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const has = (sent: Fields, ...names: string[]): boolean => names.every((name) => Object.hasOwn(sent, name));

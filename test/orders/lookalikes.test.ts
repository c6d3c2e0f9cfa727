import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidOrder } from '../../src/orders/invalidOrder.ts';
import { lookalike } from '../../src/orders/lookalikes.ts';
import { anOrder } from '../support/orders.ts';

const order = anOrder();
const json = JSON.stringify(order);
const TopicArn = 'arn:aws:sns:us-east-1:123456789012:orders';

describe('what is refused looks like', () => {
  it.each([
    ['the test event that S3', { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' }],
    ['an S3 event notification', { Records: [{ eventSource: 'aws:s3', s3: { object: { key: 'k' } } }] }],
    ['a batch of SQS messages', { Records: [{ eventSource: 'aws:sqs', body: json }] }],
    ['a batch of SNS notifications', { Records: [{ EventSource: 'aws:sns', Sns: { Message: json } }] }],
    ['a batch of records of an AWS service', { Records: [{ eventSource: 'aws:kinesis' }] }],
    ['a batch of records of an AWS service', { Records: [] }],
    [
      'a confirmation of an SNS subscription',
      { Type: 'SubscriptionConfirmation', TopicArn, SubscribeURL: 'u' },
    ],
    ['an SNS notification', { Type: 'Notification', TopicArn, MessageId: 'm', Message: json }],
    ['an EventBridge event', { 'detail-type': 'OrderPlaced', source: 'shop', detail: order }],
    [
      'a pointer of the SQS extended client',
      ['software.amazon.payloadoffloading.PayloadS3Pointer', { s3BucketName: 'b', s3Key: 'k' }],
    ],
    [
      'a pointer of the SQS extended client',
      ['com.amazon.sqs.javamessaging.MessageS3Pointer', { s3BucketName: 'b', s3Key: 'k' }],
    ],
    ['a CloudEvent with binary data', { specversion: '1.0', type: 't', data_base64: 'e30=' }],
    ['a CloudEvent: INBOX_ENVELOPE=data', { specversion: '1.0', type: 't', source: 's', data: order }],
    [
      'a change event of Debezium: INBOX_ENVELOPE=payload.after',
      { schema: {}, payload: { before: null, after: order, op: 'c' } },
    ],
    [
      'a change event of Debezium without its schema: INBOX_ENVELOPE=after',
      { before: null, after: order, op: 'u', source: {} },
    ],
    ['a record of Kafka Connect', { schema: {}, payload: order }],
    [
      'an order as Shopify',
      { id: 1, admin_graphql_api_id: 'gid://shopify/Order/1', line_items: [], total_price: '1.00' },
    ],
    ['an order as WooCommerce', { id: 1, order_key: 'wc_1', line_items: [], total: '1.00' }],
    ['an event of Stripe', { object: 'event', type: 'charge.succeeded', data: { object: {} } }],
    [
      'a message of MassTransit',
      { messageId: 'm', messageType: ['urn:message:Orders:Placed'], message: order },
    ],
    ['a task of Celery', { body: 'W10=', headers: {}, properties: {}, 'content-type': 'application/json' }],
    ['a queued job of Laravel', { job: 'Illuminate\\Queue\\CallQueuedHandler@call', data: {} }],
    ['an alarm of CloudWatch', { AlarmName: 'a', NewStateValue: 'ALARM' }],
    ['an item in the format of DynamoDB', { order_id: { S: 'ORD1' }, order_value: { N: '20' } }],
    ['an order inside of order', { order }],
    ['an order inside of data: INBOX_ENVELOPE=data', { data: json }],
    ['an order inside of body: INBOX_ENVELOPE=body', { body: json }],
    ['a batch of CloudEvents', [{ specversion: '1.0', type: 't', data: order }]],
    ['several orders in one message', { orders: [order] }],
    ['a list of orders', [order, order]],
    ['JSON that was encoded as a JSON string more than once', JSON.stringify(json)],
    ['a list of orders', JSON.stringify([order])],
  ])('%s, as a value and as its text', (what, sent) => {
    expect(lookalike(sent)).toContain(`It looks like ${what}`);
    expect(lookalike(JSON.stringify(sent))).toContain(
      `It looks like ${typeof sent === 'string' ? 'JSON that was encoded' : what}`,
    );
  });

  it.each([
    ['is empty', ''],
    ['is nothing but white space', ' \n\t'],
    ['is nothing but white space', '\ufeff'],
    ['looks like gzip, whose bytes', gzipSync(json).toString()],
    ['looks like gzip, whose bytes', gzipSync(json).toString('latin1')],
    ['looks like gzip in base64', gzipSync(json).toString('base64')],
    ...[1, 6, 9].map((level): [string, string] => [
      'looks like zlib in base64',
      deflateSync(json, { level }).toString('base64'),
    ]),
    ['looks like JSON in base64', Buffer.from(json).toString('base64')],
    ['looks like JSON in base64', Buffer.from(`[${json}]`).toString('base64').replace(/.{76}/g, '$&\r\n')],
    ['looks like a signed token', 'eyJhbGciOiJub25lIn0.eyJvcmRlcl9pZCI6MX0.c2ln'],
    ['looks like UTF-16', Buffer.from(json, 'utf16le').toString()],
    ['looks like UTF-16', Buffer.from(`\ufeff${json}`, 'utf16le').toString('latin1')],
    ['looks like UTF-16', Buffer.from(`\ufeff${json}`, 'utf16le').swap16().toString()],
    ['looks like UTF-8 that was read as Latin-1', Buffer.from(`\ufeff${json}`).toString('latin1')],
    ['looks like an Avro file', 'Obj\u0001\u0004\u0014avro.codec\bnull'],
    [
      'looks like Avro or Protobuf with the id of a schema',
      '\u0000\u0000\u0000\u0000\u0007\u000eORD1237\nU0001',
    ],
    ['looks like binary data', '\n\u0007ORD1237\u0012\u0005U0001\u0019\u0000\u0000\u0000@\ufffd'],
    ['looks like a web page', '<!DOCTYPE html><html><body>502</body></html>'],
    ['looks like XML', '<?xml version="1.0"?><order/>'],
    ['looks like XML', '<order><id>1</id></order>'],
    ['looks like JSON that was encoded for a URL', encodeURIComponent(json)],
    ['looks like the fields of a form', 'order_id=ORD1&user_id=U1&order_value=20.00'],
    ['looks like YAML', '---\norder_id: ORD1\n'],
    ['looks like EDI', "UNA:+.? 'UNB+UNOA:1+1"],
    ['looks like several JSON values in one message, a line each', `${json}\n${json}\n`],
    ['looks like several JSON objects one behind the other', `${json}${json}`],
    [
      'looks like JSON with comments',
      `// placed by the till\n${json}`.replace(/^(.*)\n(.*)$/s, '{ $1\n "a": 1 }'),
    ],
    ['looks like JSON with comments', json.replace('{', '{ /* till */ ')],
    ["looks like Python's", "{'order_id': 'ORD1', 'ok': True}"],
    ['looks like JSON with a value that JSON does not know', json.replace('2000', 'NaN')],
    ['looks like JSON with a value that JSON does not know', '{"a": None}'],
    ['looks like JSON with a comma too many', json.replace(/\}$/, ',}')],
    ['looks like JSON whose names are not in quotes', '{order_id: "ORD1"}'],
    ['looks like JSON that was cut off', json.slice(0, -30)],
  ])('what is no JSON %s', (what, text) => {
    expect(lookalike(text)).toContain(`It ${what}`);
  });

  it.each([
    ['an order that is wrong', anOrder({ order_value: 7 })],
    ['one with words of others', anOrder({ Records: [], specversion: '1', type: 't', after: {}, op: 'c' })],
    ['its text', json],
    ['an empty object', {}],
    ['an empty list', []],
    ['a list of numbers', [1, 2]],
    ['null', null],
    ['true', true],
    ['a number', 42],
    ['nothing', undefined],
    ['prose', 'Please ship it soon'],
    ['a word', 'Indigo123'],
    ['a long word', 'Undecodable1'],
    ['text with an equals sign', 'two = 2 & more'],
  ])('nothing, when it is %s', (_, sent) => {
    expect(lookalike(sent)).toBeUndefined();
  });

  const deletion = { before: order, after: null, op: 'd' };
  const sns = { Type: 'Notification', TopicArn, Message: json };
  const event = { 'detail-type': 'OrderPlaced', source: 'shop', detail: null };
  it.each([
    ['a deletion', { schema: {}, payload: deletion }, 'payload.after', 'there is nothing to count'],
    ['a deletion under another setting', deletion, 'auto', 'there is nothing to count'],
    ['a CloudEvent without data', { specversion: '1.0', type: 't' }, 'data', 'there is no order in it'],
    ['a record without content', { schema: {}, payload: {} }, 'payload', 'could not be read'],
    [
      'a CloudEvent with binary data',
      { specversion: '1.0', type: 't', data_base64: 'e30=' },
      'data',
      'let its',
    ],
    ['an order under data', { data: order }, 'data', 'whose data could not be read'],
    ['a notification without its id', sns, 'auto', 'lacks its MessageId'],
    ['a notification under a place', sns, 'data', 'lacks its MessageId'],
    ['an event without detail', event, 'auto', 'an object under detail'],
  ])('what is told of %s is no advice to set what is set', (_, sent, envelope, told) => {
    expect(lookalike(sent, envelope)).toContain(told);
    expect(lookalike(JSON.stringify(sent), envelope)).toContain(told);
    expect(lookalike(sent, envelope)).not.toContain('INBOX_ENVELOPE');
  });

  it('nothing that was sent is quoted, whatever it is', () => {
    const secret = fc.stringMatching(/^[G-Z]{6}$/);
    const around = fc.constantFrom(
      (text: string): unknown => text,
      (text: string) => `{"a":"${text}`,
      (text: string) => `<${text}>`,
      (text: string) => `${text}=${text}&a=${text}`,
      (text: string) => ({ order: { order_id: text }, [text]: text }),
      (text: string) => ({ Type: 'SubscriptionConfirmation', TopicArn: text, SubscribeURL: text }),
      (text: string) => [text, { s3BucketName: text, s3Key: text }],
      (text: string) => ({ specversion: text, type: text, [text]: { [text]: text } }),
    );
    fc.assert(
      fc.property(secret, around, (text, wrap) => {
        expect(lookalike(wrap(text)) ?? '').not.toContain(text);
      }),
    );
  });

  it('something or nothing, and never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.anything()), (sent) => {
        expect(['string', 'undefined']).toContain(typeof lookalike(sent));
      }),
      { numRuns: 1_000 },
    );
  });

  it('one sentence behind the reasons, and in a line of its own', () => {
    const error = new InvalidOrder(
      [{ code: 'invalid_json', path: '', message: 'the message is not JSON' }],
      'It is empty.',
    );
    expect(error.message).toBe('invalid_json: the message is not JSON. It is empty.');
    expect(error.stack).toBe('invalid_json at the order: the message is not JSON\nIt is empty.');
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bodyProblem } from '../../src/cli/send/batches.ts';
import { OrderFileError } from '../../src/cli/send/orderFile.ts';
import { openOrderFile } from '../../src/cli/send/readFile.ts';
import { workbook } from '../support/workbook.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'populate-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, content: string | Uint8Array) {
  const file = path.join(folder, name);
  await writeFile(file, content);
  const bodies: string[] = [];
  const labels: string[] = [];
  for await (const { body, label } of await openOrderFile(file)) {
    bodies.push(body);
    labels.push(label);
  }
  return { bodies, labels };
}

const bodiesOf = async (name: string, content: string | Uint8Array) => (await read(name, content)).bodies;
const fieldsOf = async (name: string, content: string | Uint8Array) =>
  (await bodiesOf(name, content)).map((body) => JSON.parse(body));

async function problemOf(name: string, content: string | Uint8Array): Promise<string> {
  const error = await bodiesOf(name, content).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OrderFileError);
  return (error as OrderFileError).message;
}

describe('a .json file', () => {
  it('sends every element as the text it has in the file', async () => {
    const content = '\uFEFF[ {"order_value": 1e999, "a": 1, "a": "[,]"},\n "x\\"]", null , [1, [2]], -0 ]\n';
    expect(await read('mixed.json', content)).toEqual({
      bodies: ['{"order_value": 1e999, "a": 1, "a": "[,]"}', '"x\\"]"', 'null', '[1, [2]]', '-0'],
      labels: ['element 1', 'element 2', 'element 3', 'element 4', 'element 5'],
    });
  });

  it('sends elements that lie across the chunks it is read in', async () => {
    const orders = Array.from({ length: 3000 }, (_, id) => ({ id, note: `é"\\${'x'.repeat(id % 97)}` }));
    expect(await fieldsOf('long.json', JSON.stringify(orders, null, 2))).toEqual(orders);
  });

  it('sends nothing when the array is empty', async () => {
    expect(await bodiesOf('none.json', ' [ ] ')).toEqual([]);
  });

  it.each([
    [
      'an object',
      '{"orders": []}',
      'orders.json: must hold a JSON array, but begins with "{"; one order a line is .jsonl',
    ],
    ['nothing', ' \n', 'orders.json: is empty; it must hold a JSON array'],
    [
      'an array cut off',
      '[{"a":1}, {"b":',
      "orders.json: ends inside element 2, without the array's closing bracket",
    ],
    ['a comma too many', '[1, 2, ]', 'orders.json: has nothing where element 3 should be'],
    ['two arrays', '[1] [2]', 'orders.json: has "[" after the end of the array'],
  ])('that holds %s is refused by name', async (_, content, problem) => {
    expect(await problemOf('orders.json', content)).toBe(problem);
  });
});

describe.each(['.jsonl', '.ndjson'])('a %s file', (extension) => {
  it('sends each line as it is, broken ones too, and skips blank ones', async () => {
    const content = '\uFEFF{"a":1}\r\n\n{"a":"\u2028"}\n{broken\n   \nnull';
    expect(await read(`lines${extension}`, content)).toEqual({
      bodies: ['{"a":1}', '{"a":"\u2028"}', '{broken', 'null'],
      labels: ['line 1', 'line 3', 'line 4', 'line 6'],
    });
  });
});

it.each([
  ['endless.jsonl', 'line', (long: string) => `{}\n${long}\n{"a":1}\n`],
  ['endless.json', 'element', (long: string) => `[{}, ${long}, {"a":1}]`],
])(
  '%s: what cannot be one message is not collected, and takes none of the others along',
  async (name, at, content) => {
    const text = content(`[${'1,'.repeat(20_000_000)}1]`);
    const { bodies, labels } = await read(name, text);
    expect(labels).toEqual([1, 2, 3].map((place) => `${at} ${place}`));
    expect([bodies[0], bodies[2]]).toEqual(['{}', '{"a":1}']);
    expect(bodies[1]?.length).toBeLessThan(18_000_000);
    expect(bodyProblem(bodies[1] ?? '')).toBe('longer than 16 MiB, SQS takes 1,048,576 bytes at most');
  },
);

describe('a .csv file', () => {
  const HEADER = 'order_id,user_id,order_timestamp,order_value,items,shipping_address,payment_method';
  const ITEMS = '[{"product_id":"P1","quantity":2,"price_per_unit":9.95}]';
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  it('sends a row as an order whose value is a number and whose items are a list', async () => {
    const row = `1001,u1,2024-12-16T13:00:00Z,19.90,${quoted(ITEMS)},"1 Pine St, Springfield",CreditCard`;
    expect(await read('orders.csv', `\uFEFF${HEADER}\r\n${row}\r\n`)).toEqual({
      bodies: [
        `{"order_id":"1001","user_id":"u1","order_timestamp":"2024-12-16T13:00:00Z","order_value":19.90,` +
          `"items":${ITEMS},"shipping_address":"1 Pine St, Springfield","payment_method":"CreditCard"}`,
      ],
      labels: ['row 2'],
    });
  });

  it.each([
    ['order_value', 'abc', 'abc'],
    ['order_value', ' 5 ', ' 5 '],
    ['order_value', '1,5', '1,5'],
    ['order_value', 'NaN', 'NaN'],
    ['order_value', '007', '007'],
    ['order_value', '-1.5e3', -1500],
    ['items', 'P1 x 2', 'P1 x 2'],
    ['items', '[{]', '[{]'],
    ['items', '5', 5],
    ['user_id', '42', '42'],
    ['user_id', ' ', ' '],
    ['order_timestamp', 'yesterday', 'yesterday'],
  ])('sends the cell %s %j as %j', async (column, cell, sent) => {
    const cells = HEADER.split(',').map((name) => quoted(name === column ? cell : 'x'));
    const [order] = await fieldsOf('cell.csv', `${HEADER}\n${cells.join(',')}`);
    expect(order[column]).toEqual(sent);
  });

  it('sends a number with every digit it has in the file', async () => {
    const [body] = await bodiesOf(
      'digits.csv',
      'order_id,user_id,order_value,items\n1,2,90071992547409.93,1e999\n',
    );
    expect(body).toBe('{"order_id":"1","user_id":"2","order_value":90071992547409.93,"items":1e999}');
  });

  it('leaves empty cells out and passes further columns and cells along', async () => {
    const content = 'Order_ID , user_id,order_value,items,Shop,,__proto__\n1,,,,Berlin,x,y,z\n\n2\n';
    expect(await bodiesOf('loose.csv', content)).toEqual([
      '{"order_id":"1","Shop":"Berlin","column_6":"x","__proto__":"y","column_8":"z"}',
      '{"order_id":"2"}',
    ]);
  });

  it.each([
    [
      'a column missing',
      'id,user_id,order_value\n1,2,3\n',
      'bad.csv: the header lacks order_id, items; its columns are "id", "user_id", "order_value"',
    ],
    ['a column twice', `${HEADER},Items\n`, 'bad.csv: two columns are called "items"'],
    ['nothing in it', '', 'bad.csv: is empty; its first line must name the columns'],
  ])('with %s is refused by name', async (_, content, problem) => {
    expect(await problemOf('bad.csv', content)).toBe(problem);
  });

  it('may have rows that end in other ways than the first', async () => {
    for (const [first, then] of [
      ['\n', '\r\n'],
      ['\r\n', '\n'],
      ['\r', '\r'],
    ]) {
      const rows = ['1,2,3,4', '5,6,7,"8\n9"', ''].join(then);
      expect(await bodiesOf('ends.csv', `order_id,user_id,order_value,items${first}${rows}`)).toEqual([
        '{"order_id":"1","user_id":"2","order_value":3,"items":4}',
        '{"order_id":"5","user_id":"6","order_value":7,"items":"8\\n9"}',
      ]);
    }
  });

  it('skips empty rows and keeps the row numbers a person sees', async () => {
    const rows = `\n${HEADER}\n1,2\n\n,,,\n3,4\n""\n5,6\n\n`;
    expect((await read('gaps.csv', rows)).labels).toEqual(['row 3', 'row 6', 'row 8']);
  });

  it('with a quote that never closes is refused, after the rows before it', async () => {
    const file = path.join(folder, 'quote.csv');
    await writeFile(file, `${HEADER}\n1,2\n"3,4\n`);
    const records = await openOrderFile(file);
    expect((await records.next()).value?.label).toBe('row 2');
    await expect(records.next()).rejects.toThrow(/^quote\.csv: after row 2: Quote Not Closed/);
  });
});

it.each([
  ['a.jsonl', 'line 3', '{"user_id":"é"}\n\n{"user_id":"M', '"}\n'],
  ['a.json', 'line 2', '[{"user_id":"é"},\n{"user_id":"M', '"}]'],
  ['a.csv', 'line 4', 'order_id,user_id,order_value,items\n1,é,1,x\n"2\n",M', ',1,x\n'],
])('%s that is not UTF-8 is refused by line, and merges no two users', async (name, line, before, after) => {
  const latin = Buffer.concat([Buffer.from(before), Buffer.of(0xfc), Buffer.from(after)]);
  expect(await problemOf(name, latin)).toBe(`${name}: ${line} is not UTF-8; save the file as that`);
  const cut = Buffer.from(`${before}€`).subarray(0, -1);
  expect(await problemOf(name, cut)).toBe(`${name}: ${line} is not UTF-8; save the file as that`);
});

it('UTF-8 of any length is read across the chunks it comes in', async () => {
  const orders = Array.from({ length: 3000 }, (_, id) =>
    JSON.stringify({ id, note: '€😀é'.repeat(id % 31) }),
  );
  expect(await bodiesOf('long.jsonl', orders.join('\n'))).toEqual(orders);
});

describe('an .xlsx file', () => {
  const HEADER = [
    'order_id',
    'user_id',
    'order_timestamp',
    'order_value',
    'items',
    'shipping_address',
    'note',
  ];
  const ITEMS = '[{"product_id":"P<1>","quantity":2,"price_per_unit":9.95}]';

  it('sends a row as an order with the ids a person sees and dates in ISO form', async () => {
    const bytes = workbook([
      HEADER,
      [1001, 12345678901234567000, new Date('2024-12-17T00:00:00Z'), 19.9, ITEMS, '  1 Pine St', true],
      ['ORD & Co', 'u2', '16.12.2024', '19.90', 'P1', null, null],
    ]);
    expect(await read('orders.xlsx', bytes)).toEqual({
      bodies: [
        `{"order_id":"1001","user_id":"12345678901234567000","order_timestamp":"2024-12-17T00:00:00.000Z",` +
          `"order_value":19.9,"items":${ITEMS},"shipping_address":"  1 Pine St","note":true}`,
        '{"order_id":"ORD & Co","user_id":"u2","order_timestamp":"16.12.2024","order_value":"19.90","items":"P1"}',
      ],
      labels: ['row 2', 'row 3'],
    });
  });

  it('sends every second of a day as the second it is', async () => {
    const dates = Array.from(
      { length: 24 * 60 },
      (_, at) => new Date(Date.UTC(2024, 11, 16, 0, at, at % 60)),
    );
    const orders = await fieldsOf('dates.xlsx', workbook([HEADER, ...dates.map((date) => ['1', '2', date])]));
    expect(orders.map((order) => order.order_timestamp)).toEqual(dates.map((date) => date.toISOString()));
  });

  it('skips empty rows and keeps the row numbers a person sees', async () => {
    const bytes = workbook([[null], HEADER, ['A', 'u'], [null], ['B', 'u']]);
    expect((await read('gaps.xlsx', bytes)).labels).toEqual(['row 3', 'row 5']);
  });

  it('sends all rows of a sheet that is parsed in many pieces', async () => {
    const rows = Array.from({ length: 6000 }, (_, at) => [`ORD${at}`, `u${at % 7}`, null, at, ITEMS]);
    const orders = await fieldsOf('long.xlsx', workbook([HEADER, ...rows]));
    expect(orders.map((order) => [order.order_id, order.user_id, null, order.order_value])).toEqual(
      rows.map((row) => row.slice(0, 4)),
    );
  });

  it.each([
    ['no such columns', workbook([['a', 'b']]), /the header lacks .* its columns are "a", "b"$/],
    ['an empty sheet', workbook([]), /is empty; the first row of its first sheet must name the columns$/],
    [
      'no workbook at all',
      'order_id,user_id',
      /is not a readable workbook: Doesn't look like an `.xlsx` file$/,
    ],
  ])('with %s is refused by name', async (_, content, problem) => {
    const message = await problemOf('bad.xlsx', content);
    expect(message).toMatch(problem);
    expect(message).toMatch(/^bad\.xlsx: /);
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['missing.csv', 'missing.csv: there is no such file'],
    ['orders.txt', 'orders.txt: its extension must be one of .json, .jsonl, .ndjson, .csv, .xlsx'],
    ['orders', 'orders: its extension must be one of .json, .jsonl, .ndjson, .csv, .xlsx'],
  ])('%s is refused before anything is sent', async (name, problem) => {
    await expect(openOrderFile(path.join(folder, name))).rejects.toMatchObject({
      name: 'OrderFileError',
      message: problem,
    });
  });

  it('is refused when it is a directory', async () => {
    await mkdir(path.join(folder, 'folder.csv'));
    await expect(openOrderFile(path.join(folder, 'folder.csv'))).rejects.toThrow(
      'folder.csv: is a directory',
    );
  });
});

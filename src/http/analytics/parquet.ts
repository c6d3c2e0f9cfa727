import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { CsvRow } from '../../runtime/csv.ts';

export const PARQUET_TYPE = 'application/vnd.apache.parquet';

/** Rows that are compressed together, and all that is held of them: more of them would stop everything else for longer. */
const ROWS_PER_GROUP = 5_000;

/** What a column holds; text where nothing else is said. */
const KINDS: Readonly<Record<string, 'money' | 'time' | 'count'>> = {
  order_value: 'money',
  revenue: 'money',
  placed_at: 'time',
  received_at: 'time',
  counted_at: 'time',
  orders: 'count',
  line: 'count',
};

/** The rows as a file of Apache Parquet, in parts: a group of rows each, and at the end what is known of all. */
export async function* parquetParts<Row>(
  columns: readonly string[],
  portions: AsyncIterable<readonly Row[]>,
  rowOf: (row: Row) => CsvRow,
): AsyncGenerator<Uint8Array, void, undefined> {
  const writer = new ByteWriter();
  const root = { name: 'root', num_children: columns.length };
  const file = new ParquetWriter({ writer, schema: [root, ...columns.map(elementOf)] });
  let group: CsvRow[] = [];
  const write = () => {
    const columnData = columns.map((name) => ({
      name,
      data: group.map((row) => cellOf(name, row[name] ?? null)),
    }));
    file.write({ columnData, rowGroupSize: group.length });
    group = [];
    return taken(writer);
  };
  for await (const rows of portions) {
    group = group.concat(rows.map(rowOf));
    if (group.length >= ROWS_PER_GROUP) yield write();
  }
  if (group.length > 0) yield write();
  file.finish();
  yield taken(writer);
}

function elementOf(name: string) {
  const common = { name, repetition_type: 'OPTIONAL' } as const;
  switch (KINDS[name]) {
    case 'money':
      return { ...common, type: 'INT64', converted_type: 'DECIMAL', precision: 18, scale: 2 } as const;
    case 'time':
      return { ...common, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' } as const;
    case 'count':
      return { ...common, type: 'INT64' } as const;
    default:
      return { ...common, type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  }
}

function cellOf(name: string, value: string | number | null) {
  if (value === null) return null;
  switch (KINDS[name]) {
    // In minor units, which is what such a number is made of: nothing is rounded on the way.
    case 'money':
      return BigInt(Math.round(Number(value) * 100));
    case 'time':
      return new Date(value);
    case 'count':
      return BigInt(value);
    default:
      return value;
  }
}

/** What was written since. The writer goes on counting from the beginning of the file. */
function taken(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice();
  writer.index = 0;
  return bytes;
}

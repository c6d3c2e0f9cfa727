import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import type { Config } from '../../config/config.ts';
import { claimInstallation } from '../../history/installation.ts';
import { refuseOtherSchema } from '../../history/migrate.ts';
import { readLacking } from '../../history/read/lacking.ts';
import { archiveLine } from '../../orders/archivedOrder.ts';
import { digestOf } from '../../orders/identity.ts';
import { InvalidOrder } from '../../orders/invalidOrder.ts';
import type { Order } from '../../orders/order.ts';
import { makeParseOrder } from '../../orders/parseOrder.ts';
import { judgeJob } from '../../queue/judgeJob.ts';
import { jobOfMessage } from '../../queue/orderJob.ts';
import { makeRecordOrder, type RecordOrder } from '../../stats/record/recordOrder.ts';
import { readBacklog } from '../../store/archiveStand.ts';
import type { Partitions } from '../../store/partitions.ts';
import { CannotRun } from '../kit/withRedis.ts';
import { type FileMessage, isCut, TOO_LONG } from '../send/orderFile.ts';
import { openOrderFile } from '../send/readFile.ts';

export interface ImportParts {
  client: ClientBase;
  redis: Redis | Cluster;
  partitions: Partitions;
  config: Config;
  /** None of the orders is among those that counted before the history was kept. */
  neverCounted: boolean;
  onRead: (orders: number) => void;
  /** `label` says where in the file. */
  onRefused: (label: string, why: string) => void;
  /** As much as may wait does: an archiver has to go on. */
  onWaiting: () => void;
  signal: AbortSignal | undefined;
}

export interface Imported {
  counted: number;
  minorUnits: number;
  /** Counted before, from this file or otherwise. */
  known: number;
  refused: number;
}

const RECORDS_AT_ONCE = 500;
const LOOK_MS = 200;

/**
 * Counts the orders of a file that nobody knows of: what is in the history is known for ever, and what the ledger has is
 * known before it is there. So it may be stopped and run again.
 *
 * @throws OrderFileError, CannotRun
 */
export async function importFile(path: string, parts: ImportParts): Promise<Imported> {
  const { client, redis, neverCounted, onRead, signal } = parts;
  await refuseOtherSchema(client);
  await claimInstallation(client, redis);
  const { gaps } = await readLacking(client);
  if (gaps.length > 0 && !neverCounted)
    throw new CannotRun(
      'the history lacks orders that counted (order-pipeline verify --history says how many): those among the orders of the ' +
        'file would count again. --never-counted says that there are none',
    );
  const imported: Imported = { counted: 0, minorUnits: 0, known: 0, refused: 0 };
  const count = counterOf(path, parts, imported);
  let batch: FileMessage[] = [];
  for await (const record of await openOrderFile(path)) {
    batch.push(record);
    if (batch.length < RECORDS_AT_ONCE) continue;
    await untilThereIsRoom(parts);
    await count(batch);
    onRead(batch.length);
    batch = [];
    if (signal?.aborted) return imported;
  }
  await count(batch);
  onRead(batch.length);
  return imported;
}

/** As the bridge waits before it receives. */
async function untilThereIsRoom(parts: ImportParts): Promise<void> {
  const { redis, partitions, config, onWaiting, signal } = parts;
  const isFull = async () => (await readBacklog(redis, partitions)).bytes > config.history.backlogBytes;
  if (!(await isFull())) return;
  onWaiting();
  while (!signal?.aborted && (await isFull()))
    await delay(LOOK_MS, undefined, { ...(signal ? { signal } : {}) }).catch(() => {});
}

function counterOf(
  path: string,
  { client, redis, partitions, config, onRefused }: ImportParts,
  imported: Imported,
): (records: readonly FileMessage[]) => Promise<void> {
  const { rules, history, ledgerRetentionDays: retentionDays } = config;
  const reading = { envelope: config.bridge.envelope, maxBodyBytes: config.maxBodyBytes };
  const parse = makeParseOrder(rules);
  const archive = (order: Order, origin: { messageId: string; receivedAt: string }, digest: Buffer) =>
    archiveLine(order, origin, digest, history);
  const records = partitions.all.map((each) => makeRecordOrder(redis, each, { retentionDays, archive }));
  const refuse = (label: string, why: string) => {
    imported.refused += 1;
    onRefused(label, why);
  };
  const judge = ({ body, label }: FileMessage, now: Date) => {
    if (isCut(body)) {
      refuse(label, TOO_LONG);
      return [];
    }
    const facts = { id: `${basename(path)}, ${label}`, sentAt: now.toISOString(), receiveCount: 1 };
    try {
      const order = judgeJob(jobOfMessage(body, facts, reading), now.getTime(), { parse, reading });
      return [{ label, order, origin: { messageId: facts.id, receivedAt: facts.sentAt } }];
    } catch (error) {
      if (!(error instanceof InvalidOrder)) throw error;
      refuse(label, error.message);
      return [];
    }
  };

  return async (some) => {
    const now = new Date();
    const judged = some.flatMap((record) => judge(record, now));
    const kept = await digestsOf(
      client,
      judged.map(({ order }) => order),
    );
    await Promise.all(
      judged.map(async ({ label, order, origin }) => {
        const before = kept.get(nameOf(order));
        const recorded =
          before !== undefined
            ? before.equals(digestOf(order))
            : await (records[partitions.of(order.userId).index] as RecordOrder)(
                order,
                undefined,
                origin,
              ).then(({ outcome }) => outcome);
        if (recorded === 'counted') {
          imported.counted += 1;
          imported.minorUnits += order.minorUnits;
        } else if (recorded === 'duplicate' || recorded === true) imported.known += 1;
        else refuse(label, `order ${order.orderId} of user ${order.userId} counted with other content`);
      }),
    );
  };
}

const nameOf = ({ userId, orderId }: { userId: string; orderId: string }): string => `${userId}\n${orderId}`;

/** Those of some orders that the history has and Redis has not lost. */
async function digestsOf(client: ClientBase, orders: readonly Order[]): Promise<Map<string, Buffer>> {
  const { rows } = await client.query(
    `SELECT o.user_id, o.order_id, o.digest
     FROM unnest($1::text[], $2::text[]) AS asked (user_id, order_id)
     JOIN history.orders o ON o.user_id = asked.user_id AND o.order_id = asked.order_id AND o.seq IS NOT NULL`,
    [orders.map(({ userId }) => userId), orders.map(({ orderId }) => orderId)],
  );
  return new Map(rows.map((row) => [nameOf({ userId: row.user_id, orderId: row.order_id }), row.digest]));
}

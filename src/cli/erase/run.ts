import { randomBytes } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Client } from 'pg';
import { makeAuditLog } from '../../audit/auditLog.ts';
import type { Config } from '../../config/config.ts';
import { eraseUser, type Named } from '../../history/eraseUser.ts';
import { refuseOtherSchema } from '../../history/migrate.ts';
import { untilReached } from '../../history/read/atCut.ts';
import { identityOf, userHash } from '../../orders/identity.ts';
import { type IdCase, idText, normaliseId } from '../../orders/ids.ts';
import { failuresIn } from '../../queue/failures/readFailures.ts';
import { digestsInLedger } from '../../stats/read/lookInLedger.ts';
import { endRenaming, type Renaming, renameUser } from '../../stats/renameUser.ts';
import { archiveStands } from '../../store/archiveStand.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { commandAuthor } from '../kit/author.ts';
import { helpOf, readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import { whole } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withHistory } from '../kit/withHistory.ts';
import { CannotRun, type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { recordedPartitions } from '../verify/run.ts';

const USAGE: Usage = {
  name: 'erase',
  does: 'Removes a person from the stats and the history; the sums stay.',
  examples: ['erase --user U123'],
  options: [['--user <ID>', 'whose orders they are']],
  notes: `What the user ordered stays, under a name that was drawn by lot: in Redis, and with DATABASE_URL or HISTORY in the history,
where addresses go. So no total, day or rank changes. Where orders were archived that history has to be named, or HISTORY=off
to say that it is gone. Orders that count later under this id are a new user's. The change is in the audit log, without the id.
Failed orders of the user, which nothing here removes, are named; see order-pipeline failed. An archiver has to run while the
history is kept. Stopped in between, the same command goes on.

Exit code: 0 done, 1 done, and failed orders of the user are left, 2 wrong use, no such user, or it cannot run.`,
};

/** The erase command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  const { values, problems } = read;
  const given = idText(values.get('user'));
  if (problems.length === 0 && given === undefined) problems.push('--user is needed; see --help');
  if (problems.length > 0 || given === undefined) return refuse(problems, around);
  // A history that is named wrongly is one: its orders would keep the person while this says that nobody is left.
  return withRedis(
    around,
    (open, config) => {
      if (config.history.target === undefined)
        return erase(given, { open, config, client: undefined }, around);
      return withHistory(around, async (client) => {
        await refuseOtherSchema(client);
        return erase(given, { open, config, client }, around);
      });
    },
    ['redis', 'history'],
  );
}

interface Opened {
  open: OpenRedis;
  config: Config;
  client: Client | undefined;
}

async function erase(given: string, opened: Opened, around: Surroundings): Promise<number> {
  const { open, config } = opened;
  const { redis } = open;
  const userId = normaliseId(given, config.rules.idCase);
  const partitions = await recordedPartitions(open);
  // Whoever forgot a variable here would leave the person in PostgreSQL.
  if (!opened.client && !config.history.off && (await archiveStands(redis, partitions.all)).some(Boolean))
    throw new CannotRun(
      'orders of this Redis were archived: set DATABASE_URL or HISTORY=embedded, or HISTORY=off when that history is gone',
    );
  const partition = partitions.of(userId);
  const audit = makeAuditLog(redis, { retentionDays: config.auditRetentionDays });
  const name = nameLike(userId);
  let orders = 0;
  let begun: Renaming | undefined;
  const change = { action: 'erase user', filter: `the user that is ${name} now` };
  const { result } = await audit.change(commandAuthor(), change, async () => {
    do {
      begun = await renameUser(redis, partition, userId, name);
      if (begun) orders = await finish(begun, partition, opened);
      // What another run had not ended is ended first.
    } while (begun !== undefined && begun.userId !== userId);
    // Orders that Redis has lost since.
    if (!begun && opened.client) {
      const lost = {
        userId,
        name,
        tag: partition.tag,
        seq: Number.MAX_SAFE_INTEGER,
        remembered: async () => [],
      };
      orders = await eraseUser(opened.client, lost, { retentionDays: config.ledgerRetentionDays });
      if (orders > 0) begun = lost;
    }
    return begun === undefined
      ? { result: 'refused' as const, why: 'no such user' }
      : { result: 'done' as const, count: orders, filter: `the user that is ${begun.name} now` };
  });
  if (result === 'refused') return refuse([`no order of ${JSON.stringify(given)} has counted`], around);
  around.stdout.write(
    `The user is ${begun?.name} now${opened.client ? `, with ${whole(orders)} orders in the history` : ''}\n`,
  );
  const failed = await failedOrdersOf(redis, partitions, userId, config.rules.idCase);
  if (failed.length === 0) return EXIT.done;
  complain(`failed orders of the user are left: ${failed.join(', ')}`, around);
  return EXIT.no;
}

/** Of the same hash, so that it lies wherever its orders' names in the ledger do, however many partitions there will be. */
function nameLike(userId: string): string {
  const hash = userHash(userId);
  for (;;) {
    const name = `ERASED-${randomBytes(8).toString('hex').toUpperCase()}`;
    if (userHash(name) === hash) return name;
  }
}

/** The history, once it has all orders that may name the user. */
async function finish(
  { userId, name, seq }: Renaming,
  partition: Partition,
  { open: { redis }, client, config }: Opened,
): Promise<number> {
  const { tag } = partition;
  const { ledgerRetentionDays: retentionDays } = config;
  let orders = 0;
  if (client) {
    if (!(await untilReached(client, new Map([[tag, seq]]))))
      throw new CannotRun('orders of the user wait to be archived: start an archiver, then this again');
    const remembered = (ids: readonly string[]) => inLedger(redis, partition, userId, ids, retentionDays);
    orders = await eraseUser(client, { userId, name, tag, seq, remembered }, { retentionDays });
  }
  await endRenaming(redis, partition);
  return orders;
}

const AT_ONCE = 500;

async function inLedger(
  redis: Redis | Cluster,
  partition: Partition,
  userId: string,
  orderIds: readonly string[],
  retentionDays: number,
): Promise<Named[]> {
  const found: Named[] = [];
  for (let from = 0; from < orderIds.length; from += AT_ONCE) {
    const some = orderIds
      .slice(from, from + AT_ONCE)
      .map((orderId) => ({ orderId, identity: identityOf({ userId, orderId }) }));
    const digests = await digestsInLedger(
      redis,
      partition,
      some.map(({ identity }) => identity),
      { retentionDays },
    );
    found.push(...some.filter((_, at) => digests[at] !== undefined));
  }
  return found;
}

/** Ids of jobs. Whoever sent them may have spelled the user otherwise, so all partitions are looked through. */
async function failedOrdersOf(
  redis: Redis | Cluster,
  partitions: Partitions,
  userId: string,
  idCase: IdCase,
): Promise<string[]> {
  const jobs: string[] = [];
  for (const partition of partitions.all) {
    for await (const page of failuresIn(redis, partition, { where: { text: userId } }))
      jobs.push(...page.filter((each) => normaliseId(each.userId, idCase) === userId).map(({ job }) => job));
  }
  return jobs;
}

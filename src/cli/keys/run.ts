import { faultOf } from '../../access/apiKey.ts';
import { KeyStore, type ListedKey } from '../../access/keyStore.ts';
import { ConfigError, readConfig } from '../../config/config.ts';
import { visible } from '../../runtime/visibleText.ts';
import { columns } from '../kit/columns.ts';
import type { Surroundings } from '../send/surroundings.ts';
import { NoRedis, type OpenRedis, openRedis } from '../verify/openRedis.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

/** Exit codes: done, no such key, wrong use or no Redis. */
export const EXIT = { done: 0, unknown: 1, misuse: 2 } as const;

/** The keys command. Never throws for anything a user can mend; returns the exit code. */
export async function keys(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args, Date.now());
  if (wanted.do === 'help') {
    around.stdout.write(`${USAGE}\n`);
    return EXIT.done;
  }
  if (wanted.do === 'nothing') {
    around.stderr.write(`${wanted.problems.join('\n')}\n`);
    return EXIT.misuse;
  }
  let open: OpenRedis | undefined;
  try {
    open = await openRedis(readConfig(around.env, ['redis']));
    return await run(wanted, new KeyStore(open.redis), around);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof NoRedis || isReply(error))) throw error;
    around.stderr.write(`${error.message}\n`);
    return EXIT.misuse;
  } finally {
    await open?.close();
  }
}

async function run(
  wanted: Exclude<Wanted, { do: 'help' | 'nothing' }>,
  store: KeyStore,
  { stdout, stderr }: Surroundings,
): Promise<number> {
  const now = Date.now();
  if (wanted.do === 'create') {
    const { do: _, ...key } = wanted;
    const created = await store.create(key, now);
    stderr.write(`Key ${created.id} of role ${created.role}, ${validity(created)}. It is not shown again:\n`);
    // Alone on its stream, so that it can be piped into where it is kept.
    stdout.write(`${created.key}\n`);
    return EXIT.done;
  }
  if (wanted.do === 'revoke') {
    const revoked = await store.revoke(wanted.id, now);
    if (!revoked) {
      stderr.write(`There is no key ${JSON.stringify(wanted.id)}: npm run keys -- list shows all\n`);
      return EXIT.unknown;
    }
    stdout.write(
      `Key ${revoked.id} (${visible(revoked.name)}) is revoked; it opens nothing after five seconds\n`,
    );
    return EXIT.done;
  }
  const all = await store.list();
  stdout.write(all.length === 0 ? 'There are no keys\n' : `${table(all, now)}\n`);
  return EXIT.done;
}

function table(all: readonly ListedKey[], now: number): string {
  const head = ['id', 'name', 'role', 'state', 'created', 'last day', 'last used'];
  return columns([
    head,
    ...all.map((key) => [
      key.id,
      key.name,
      key.role,
      faultOf(key, now) ?? 'good',
      dayOf(key.createdAt),
      // The moment itself is already too late.
      key.expiresAt === undefined ? 'never' : dayOf(key.expiresAt - 1),
      key.lastUsedAt === undefined ? 'never' : `${new Date(key.lastUsedAt).toISOString().slice(0, 16)}Z`,
    ]),
  ]);
}

const validity = ({ expiresAt }: { expiresAt?: number }): string =>
  expiresAt === undefined ? 'good until it is revoked' : `good until ${new Date(expiresAt).toISOString()}`;

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

const isReply = (error: unknown): error is Error =>
  error instanceof Error && /^(ReplyError|ClusterAllFailedError|MaxRetriesPerRequestError)$/.test(error.name);

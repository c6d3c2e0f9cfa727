import { faultOf, type StoredKey } from '../../access/apiKey.ts';
import { KeyStore, type ListedKey } from '../../access/keyStore.ts';
import { visible } from '../../runtime/visibleText.ts';
import { helpOf } from '../kit/commandLine.ts';
import { columns } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { withRedis } from '../kit/withRedis.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

/** The keys command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args, Date.now());
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withRedis(around, ({ redis }) => carryOut(wanted, new KeyStore(redis), around));
}

async function carryOut(
  wanted: Exclude<Wanted, { do: 'help' | 'nothing' }>,
  store: KeyStore,
  { stdout, stderr }: Surroundings,
): Promise<number> {
  const now = Date.now();
  const say = (text: string, value: unknown) =>
    stdout.write(wanted.json ? `${JSON.stringify(value, undefined, 2)}\n` : text);
  if (wanted.do === 'create') {
    const { do: _, json, ...key } = wanted;
    const created = await store.create(key, now);
    if (!json)
      stderr.write(
        `Key ${created.id} of role ${created.role}, ${validity(created)}. It is not shown again:\n`,
      );
    // Alone on its stream, so that it can be piped into where it is kept.
    say(`${created.key}\n`, shownKey(created));
    return EXIT.done;
  }
  if (wanted.do === 'revoke') {
    const revoked = await store.revoke(wanted.id, now);
    if (!revoked) {
      complain(`There is no key ${JSON.stringify(wanted.id)}: order-pipeline keys list shows all`, {
        stderr,
      });
      return EXIT.no;
    }
    say(
      `Key ${revoked.id} (${visible(revoked.name)}) is revoked; it opens nothing after five seconds\n`,
      shownKey(revoked),
    );
    return EXIT.done;
  }
  const all = await store.list();
  say(
    all.length === 0 ? 'There are no keys\n' : `${table(all, now)}\n`,
    all.map((key) => ({ ...shownKey(key), state: faultOf(key, now) ?? 'good' })),
  );
  return EXIT.done;
}

/** Without the digest: what it is for is told to nobody. */
const shownKey = ({ digest: _, ...key }: StoredKey) => key;

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

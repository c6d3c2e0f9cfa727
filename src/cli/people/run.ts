import { VISITOR } from '../../access/entrance.ts';
import { idOfName, invitationToken, makeSecret, type StoredPerson } from '../../access/people.ts';
import { type ListedPerson, PeopleStore } from '../../access/peopleStore.ts';
import { makeAuditLog } from '../../audit/auditLog.ts';
import type { Config } from '../../config/config.ts';
import { DAY_MS } from '../../runtime/units.ts';
import { visible } from '../../runtime/visibleText.ts';
import { commandAuthor } from '../kit/author.ts';
import { helpOf } from '../kit/commandLine.ts';
import { columns } from '../kit/print.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { CannotRun, type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { readWanted, USAGE, type Wanted } from './options.ts';

type Ordered = Exclude<Wanted, { do: 'help' | 'nothing' }>;

const INVITATION_MS = 3 * DAY_MS;

/** The people command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withRedis(around, (open, config) => carryOut(wanted, open, config, around));
}

async function carryOut(
  wanted: Ordered,
  { redis }: OpenRedis,
  config: Config,
  around: Surroundings,
): Promise<number> {
  const people = new PeopleStore(redis);
  const say = (text: string, value: unknown) =>
    around.stdout.write(wanted.json ? `${JSON.stringify(value, undefined, 2)}\n` : `${text}\n`);
  const damaged = await people.damaged();
  if (wanted.do === 'list') {
    const [all, now] = [await people.list(), await people.now()];
    say(
      all.length === 0 ? 'Nobody was invited' : table(all, now),
      all.map((each) => shownPerson(each, now)),
    );
    for (const id of damaged)
      complain(
        `what is kept of ${JSON.stringify(visible(id))} cannot be read: invite or remove them`,
        around,
      );
    return EXIT.done;
  }

  const audit = makeAuditLog(redis, { retentionDays: config.auditRetentionDays });
  const { name } = wanted;
  const id = damaged.includes(name) || (await people.find(name)) ? name : idOfName(name);
  const seen = await people.find(id);
  const traced = async (action: string, act: () => Promise<unknown>, role?: string) => {
    const change = { action, person: seen?.name ?? name, ...(role === undefined ? {} : { role }) };
    await audit.change(commandAuthor(), change, async () => {
      await act();
      return { result: 'done' };
    });
  };
  const isKnown =
    seen !== undefined ||
    (wanted.do === 'remove' && damaged.includes(id)) ||
    (wanted.do === 'sign-out' && isElsewhere(id, config));
  if (wanted.do !== 'invite' && !isKnown) {
    complain(`Nobody is called ${JSON.stringify(name)}: order-pipeline people list shows all`, around);
    return EXIT.no;
  }
  const shown = visible(seen?.name ?? name);

  if (wanted.do === 'invite') {
    const role = wanted.role ?? seen?.role;
    if (role === undefined) throw new CannotRun('--role is needed for somebody new');
    if (isElsewhere(id, config)) throw new CannotRun(`${shown} is the name of ADMIN_USER, or of the visitor`);
    const { secret, digest } = makeSecret();
    const now = await people.now();
    const invitation = { digest, until: now + INVITATION_MS };
    const fresh = { name: name.normalize('NFC').trim(), createdAt: now };
    const invite = () => people.change(id, (person) => ({ ...(person ?? fresh), role, invitation }));
    await traced('invite', invite, role);
    const link = `${wanted.at?.replace(/\/$/, '') ?? ownAddress(config)}/invitation#${invitationToken(id, secret)}`;
    const until = new Date(invitation.until).toISOString();
    if (!wanted.json)
      around.stderr.write(`${shown} may come in as ${role} by this link, once, until ${until}:\n`);
    // Alone on its stream, so that it can be piped to where it is sent from.
    say(link, { name: seen?.name ?? fresh.name, role, link, until });
    return EXIT.done;
  }
  if (wanted.do === 'role') {
    if (seen?.provider !== undefined) throw new CannotRun(`what ${shown} may is for ${seen.provider} to say`);
    const { role } = wanted;
    await traced('role', () => people.change(id, (person) => person && { ...person, role }), role);
    say(`${shown} is ${role} from now on, also in sessions that are open`, { name: seen?.name, role });
    return EXIT.done;
  }
  if (wanted.do === 'remove') {
    await traced('remove', async () => {
      await people.change(id, () => undefined);
      // Somebody of that name who is invited later has nothing to do with these sessions.
      await people.signOutEverywhere(id);
    });
    say(`${shown} is removed, and signed out everywhere`, { name: seen?.name, removed: true });
    return EXIT.done;
  }
  await traced('sign out everywhere', () => people.signOutEverywhere(id));
  say(`${shown} is signed out everywhere`, { name: seen?.name ?? name, signed_out: true });
  return EXIT.done;
}

/** Somebody who may have sessions and was not invited. */
const isElsewhere = (id: string, { admin }: Config): boolean =>
  id === VISITOR || (admin !== undefined && id === idOfName(admin.user));

function ownAddress({ http }: Config): string {
  const host = ['0.0.0.0', '::'].includes(http.host) ? 'localhost' : http.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${http.port}${http.basePath}`;
}

function shownPerson({ id, name, role, createdAt, provider, ...person }: ListedPerson, now: number) {
  return {
    id,
    name,
    role,
    state: stateOf(person, now),
    created: new Date(createdAt).toISOString(),
    ...(provider === undefined ? {} : { provider }),
  };
}

function table(all: readonly ListedPerson[], now: number): string {
  const rows = all.map((each) => {
    const { id, name, role, state, created, provider = '' } = shownPerson(each, now);
    return [provider === '' ? name : id, provider === '' ? '' : name, role, state, created.slice(0, 10)];
  });
  return columns([['name', 'also called', 'role', 'state', 'created'], ...rows]);
}

function stateOf({ password, invitation }: Pick<StoredPerson, 'password' | 'invitation'>, now: number) {
  if (invitation && invitation.until > now) return 'invited';
  return password === undefined && invitation ? 'invitation expired' : 'good';
}

import { HOUR_MS } from '../runtime/units.ts';
import type { AdminLogin } from './adminLogin.ts';
import { fingerprint, hashPassword, isPassword } from './passwordHash.ts';
import { idOfName, idOfSubject, isInvited, readInvitationToken, type StoredPerson } from './people.ts';
import type { PeopleStore } from './peopleStore.ts';
import type { RateLimiter, Verdict } from './rateLimiter.ts';
import type { AccessRole } from './roles.ts';

/** What a session says of whose it is. What that person may is asked for each time. */
export interface SignedIn {
  kind: 'person' | 'admin' | 'visitor';
  id: string;
  /** When the session began, ms since 1970 by Redis's clock. */
  since: number;
  /** Of the admin: tells that the password is still the same. */
  fingerprint?: string;
}

/** Somebody who is known, and what they may at this moment. */
export interface Standing {
  name: string;
  role: AccessRole;
}

export type Attempt =
  | { outcome: 'in'; as: SignedIn }
  | { outcome: 'wrong' }
  /** It was not even looked at. */
  | { outcome: 'refused'; verdict: Verdict };

/** However much a session is used, it ends then. */
const LONGEST_SESSION_MS = 12 * HOUR_MS;

export const VISITOR = 'visitor';

export interface EntranceParts {
  people: PeopleStore;
  admin: AdminLogin | undefined;
  /** Attempts of one address, or for one name. */
  attempts: RateLimiter;
  /** Makes a change with its trace in the audit log: who, from where, what. Rejects when nothing can be written down. */
  trace: Trace;
}

export type Trace = (
  who: { name: string; address: string },
  action: string,
  act: () => Promise<boolean>,
) => Promise<boolean>;

/** Who comes in, by what, and for how long. Every call rejects while Redis is away: nobody comes in then. */
export class Entrance {
  readonly #people: PeopleStore;
  readonly #admin: AdminLogin | undefined;
  readonly #attempts: RateLimiter;
  readonly #trace: Trace;
  #fingerprint: Promise<string> | undefined;

  constructor({ people, admin, attempts, trace }: EntranceParts) {
    this.#people = people;
    this.#admin = admin;
    this.#attempts = attempts;
    this.#trace = trace;
  }

  /** A right password counts as an attempt too: they are taken before anything is compared, or a burst would slip by. */
  async byPassword(address: string, name: string, password: string): Promise<Attempt> {
    const id = idOfName(name);
    const refused = (await this.refusal(address)) ?? (await this.refusal(`name ${id}`));
    if (refused) return refused;
    if (this.#admin && id === idOfName(this.#admin.user)) {
      // As slow as for anybody else: whose name it is takes no shorter.
      const given = await fingerprint(`${this.#admin.user}:${password}`);
      return given === (await this.#adminFingerprint()) ? this.#inAsAdmin(id) : { outcome: 'wrong' };
    }
    const person = await this.#people.find(id);
    return (await isPassword(password, person?.password)) ? this.#in('person', id) : { outcome: 'wrong' };
  }

  /** Sets the password of whoever was invited, which ends what sessions they had. The link leads nowhere after that. */
  async byInvitation(address: string, token: string, password: string): Promise<Attempt> {
    const refused = await this.refusal(address);
    if (refused) return refused;
    const { id, digest } = readInvitationToken(token);
    const [seen, now] = await Promise.all([this.#people.find(id), this.#people.now()]);
    if (!seen || !isInvited(seen, digest, now)) return { outcome: 'wrong' };
    const hashed = await hashPassword(password);
    const taken = await this.#trace({ name: seen.name, address }, 'choose password', async () => {
      let isOpen = false;
      await this.#people.change(id, (person) => {
        isOpen = person !== undefined && isInvited(person, digest, now);
        if (!person || !isOpen) return person;
        const { invitation: _, ...kept } = person;
        return { ...kept, password: hashed };
      });
      if (isOpen) await this.#people.signOutEverywhere(id);
      return isOpen;
    });
    if (!taken) return { outcome: 'wrong' };
    return this.#in('person', id, 1);
  }

  /** Whoever follows the demo's link, once. */
  async byLink(address: string, secret: string): Promise<Attempt> {
    const refused = await this.refusal(address);
    if (refused) return refused;
    return (await this.#people.takeSignInLink(secret)) ? this.#in('visitor', VISITOR) : { outcome: 'wrong' };
  }

  /** Whoever the provider says it is, with the role it says; without one they are out, in open sessions as well. */
  async byProvider(
    subject: string,
    { name, role }: { name: string; role: AccessRole | undefined },
    provider: string,
  ): Promise<SignedIn | undefined> {
    const id = idOfSubject(subject);
    const now = await this.#people.now();
    const known = await this.#people.change(id, (seen) =>
      role === undefined ? undefined : { createdAt: seen?.createdAt ?? now, name, role, provider },
    );
    return known && { kind: 'person', id, since: now };
  }

  /** What whoever has this session may now; undefined when the session is over. */
  async standing(as: SignedIn): Promise<Standing | undefined> {
    const [person, signedOutUntil, now] = await Promise.all([
      as.kind === 'person' ? this.#people.find(as.id) : undefined,
      this.#people.signedOutUntil(as.id),
      this.#people.now(),
    ]);
    if (as.since <= signedOutUntil || now - as.since > LONGEST_SESSION_MS) return undefined;
    if (as.kind === 'visitor') return { name: VISITOR, role: 'admin' };
    if (as.kind === 'person') return person && { name: shownName(as.id, person), role: person.role };
    const isSame = this.#admin !== undefined && as.fingerprint === (await this.#adminFingerprint());
    return isSame && this.#admin ? { name: this.#admin.user, role: 'admin' } : undefined;
  }

  /** Ends all sessions of whoever has this one. */
  async signOutEverywhere(address: string, { id }: SignedIn, { name }: Standing): Promise<void> {
    await this.#trace({ name, address }, 'sign out everywhere', async () => {
      await this.#people.signOutEverywhere(id);
      return true;
    });
  }

  /** Takes one attempt; says so when there is none left. */
  async refusal(subject: string): Promise<(Attempt & { outcome: 'refused' }) | undefined> {
    const verdict = await this.#attempts.take(subject);
    return verdict.allowed ? undefined : { outcome: 'refused', verdict };
  }

  async #in(kind: SignedIn['kind'], id: string, later = 0): Promise<Attempt & { outcome: 'in' }> {
    return { outcome: 'in', as: { kind, id, since: (await this.#people.now()) + later } };
  }

  async #inAsAdmin(id: string): Promise<Attempt> {
    const { as } = await this.#in('admin', id);
    return { outcome: 'in', as: { ...as, fingerprint: await this.#adminFingerprint() } };
  }

  #adminFingerprint(): Promise<string> {
    const { user, password } = this.#admin as AdminLogin;
    this.#fingerprint ??= fingerprint(`${user}:${password}`).catch((error: unknown) => {
      this.#fingerprint = undefined;
      throw error;
    });
    return this.#fingerprint;
  }
}

/** Whatever people call themselves at their provider, the log tells them apart from those who were invited here. */
const shownName = (id: string, { name, provider }: StoredPerson): string =>
  provider === undefined ? name : `${name} (${id})`;

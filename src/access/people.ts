import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { visible } from '../runtime/visibleText.ts';
import type { AccessRole } from './roles.ts';

/** What is kept of a person. Times are milliseconds since 1970. */
export interface StoredPerson {
  /** As it is shown and written into the audit log. */
  name: string;
  role: AccessRole;
  createdAt: number;
  /** As passwordHash.ts writes it; absent until an invitation was taken up. */
  password?: string;
  invitation?: Invitation;
  /** The OpenID provider that answers for this person; the role is then what it said last. */
  provider?: string;
}

interface Invitation {
  /** SHA-256 of the secret in the link, hex. */
  digest: string;
  until: number;
}

const MAX_NAME = 64;

/** Two ways to write a name are one person. */
export const idOfName = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

/**
 * What stands before the name that a provider gives. No name may hold a colon, so nobody a provider knows is taken for
 * somebody invited here, whatever they call themselves there.
 */
export const idOfSubject = (subject: string): string => `oidc:${subject}`;

/** Why nobody can have this name; undefined when it is one. */
export function nameFault(name: string): string | undefined {
  if (name.trim() === '' || [...name].length > MAX_NAME) return `must be 1 to ${MAX_NAME} characters`;
  if (visible(name) !== name || /\p{Default_Ignorable_Code_Point}/u.test(name))
    return 'must not hold invisible characters';
  return name.includes(':') ? 'must not hold a colon' : undefined;
}

const digestOf = (secret: string): string => hash('sha256', secret);

/** A secret for a link, and what is kept of it. 256 random bits, so that nobody guesses one at any speed. */
export function makeSecret(): { secret: string; digest: string } {
  const secret = randomBytes(32).toString('base64url');
  return { secret, digest: digestOf(secret) };
}

/** What stands behind the `#` of an invitation's link: it is sent to no server, so no log on the way has it. */
export const invitationToken = (id: string, secret: string): string =>
  `${Buffer.from(id).toString('base64url')}.${secret}`;

export function readInvitationToken(token: string): { id: string; digest: string } {
  const [id = '', secret = ''] = token.split('.', 2);
  return { id: Buffer.from(id, 'base64url').toString(), digest: digestOf(secret) };
}

export const linkDigest = digestOf;

export function isInvited({ invitation }: StoredPerson, digest: string, now: number): boolean {
  if (!invitation || invitation.until <= now) return false;
  return timingSafeEqual(Buffer.from(invitation.digest), Buffer.from(digest));
}

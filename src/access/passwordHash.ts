import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);

/** 32 MB and a quarter of a second for each guess; what OWASP advises where memory is short. */
const COST = { ln: 15, r: 8, p: 3 };
const KEY_BYTES = 32;
/** How many wait for their turn: they come one at a time, so that a flood takes one core and 32 MB. */
const MOST_WAITING = 16;
/** On a machine with other work sixteen take longer than a silent connection stays open: nobody would be answered. */
const LONGEST_WAIT_MS = 15_000;

const PASSWORD_LENGTH = { least: 12, most: 256 };

/** More passwords came at once than are looked at. */
export class TooManyPasswords extends Error {}

/** What of a password counts: two keyboards may write the same letters in different code points. */
const counted = (password: string): string => password.normalize('NFKC');

/** Why a password cannot be chosen; undefined when it can. Nothing is asked of it but its length. */
export function passwordFault(password: unknown): string | undefined {
  const { least, most } = PASSWORD_LENGTH;
  const length = typeof password === 'string' ? [...counted(password)].length : 0;
  return length < least || length > most
    ? `A password has ${least} characters or more, and ${most} at most`
    : undefined;
}

/** As it is kept: with its salt and its cost, so that the cost may rise some day. */
export async function hashPassword(password: string): Promise<string> {
  const { ln, r, p } = COST;
  const salt = randomBytes(16);
  const key = await inTurn(() => scryptOf(password, salt, COST));
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64')}$${key.toString('base64')}`;
}

const SHAPE = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/;

/** Whether it is that password. Takes as long when nobody has one: who exists is told to nobody. */
export async function isPassword(password: string, kept: string | undefined): Promise<boolean> {
  const [, ln, r, p, salt = '', key = ''] = SHAPE.exec(kept ?? '') ?? [];
  const cost = ln === undefined ? COST : { ln: Number(ln), r: Number(r), p: Number(p) };
  const given = await inTurn(() => scryptOf(password, Buffer.from(salt, 'base64'), cost));
  const expected = Buffer.from(key, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The same for the same secret everywhere: tells whether it has changed, without keeping it. */
export const fingerprint = async (secret: string): Promise<string> =>
  (await inTurn(() => scryptOf(secret, Buffer.from('order-pipeline'), COST))).toString('base64');

const scryptOf = (password: string, salt: Buffer, { ln, r, p }: typeof COST): Promise<Buffer> =>
  derive(counted(password), salt, KEY_BYTES, { N: 2 ** ln, r, p, maxmem: 2 * 128 * r * 2 ** ln });

/** `now` in ms. Exported for its test: which of many come too late is no matter of how fast a machine is. */
export function oneByOne({ most, longestMs, now }: { most: number; longestMs: number; now: () => number }) {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting >= most) return Promise.reject(new TooManyPasswords('too many passwords at once'));
    waiting += 1;
    const until = now() + longestMs;
    const turn = last
      .then(() => {
        if (now() > until) throw new TooManyPasswords('too many passwords before this one');
        return work();
      })
      .finally(() => {
        waiting -= 1;
      });
    last = turn.catch(() => {});
    return turn;
  };
}

const inTurn = oneByOne({ most: MOST_WAITING, longestMs: LONGEST_WAIT_MS, now: () => performance.now() });

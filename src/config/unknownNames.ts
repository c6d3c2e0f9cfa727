import { distance } from 'fastest-levenshtein';
import type { Given } from './given.ts';

/** A variable that looks like one of ours and is none. */
export interface UnknownName {
  name: string;
  /** The real name it is nearest to. */
  nearest: string;
}

/** Whatever begins like this is meant for us. */
const OURS =
  /^(REDIS|SQS|QUEUE|INBOX|BRIDGE|WORKER|LEDGER|ORDER|STATS|ADMIN|RATE_LIMIT|AUTH_FAILURES|OIDC|EMBEDDED_SQS|HISTORY)_|^AWS_ENDPOINT|^ALERT_WEBHOOK/;
/**
 * Other programs use the rest as well (`LOG_COLOR`, Jenkins' `JOB_NAME`), and AWS has many names: there, only what
 * differs from one of ours by a slip of the finger is meant for us.
 */
const SLIP = { letters: 2, inAtLeast: 8 };

/** What the SDK reads, without a word from us. */
const OF_THE_SDK = ['AWS_SESSION_TOKEN'];
const SDK_ENDPOINTS = /^AWS_ENDPOINT_URL_[A-Z0-9_]+$/;
/** What the images of Redis set for themselves. */
const OF_REDIS_IMAGES = /^REDIS_(VERSION|DOWNLOAD_\w+)$/;

/** What other programs call it, in letters that are nearer to something else. */
const ALSO_CALLED: Record<string, string> = { REDIS_DATABASE: 'REDIS_DB' };

/** Names that are set and that nothing reads, in the environment's order. */
export function unknownNames(given: Given, known: readonly string[]): UnknownName[] {
  const real = [...known, ...OF_THE_SDK];
  return Object.entries(given).flatMap(([name, value = '']) => {
    if (real.includes(name) || SDK_ENDPOINTS.test(name) || OF_REDIS_IMAGES.test(name)) return [];
    if (isServiceLink(name, value)) return [];
    const text = name.toUpperCase().replaceAll(/[-.]/g, '_');
    const nearest = OURS.test(text)
      ? (ALSO_CALLED[text] ?? nearestOf(text, real))
      : real.find((other) => isSlip(text, other, given));
    return nearest === undefined ? [] : [{ name, nearest }];
  });
}

/**
 * Kubernetes and Docker tell every container of the services beside it, under names that begin with theirs: one that
 * is called redis gives `REDIS_PORT=tcp://10.0.0.1:6379` and eight more.
 */
function isServiceLink(name: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$|_ENV_/.test(name) ||
    isServiceAddress(name, value) ||
    (name.endsWith('_NAME') && value.startsWith('/'))
  );
}

/** The one of these names that may be one of ours as well. */
export const isServiceAddress = (name: string, value: string): boolean =>
  name.endsWith('_PORT') && /^(tcp|udp|sctp):\/\//.test(value);

function isSlip(text: string, real: string, given: Given): boolean {
  if (real.length < SLIP.inAtLeast || Math.abs(text.length - real.length) > SLIP.letters) return false;
  return given[real] === undefined && distance(text, real) <= SLIP.letters;
}

/** Part of a name says more than letters do, and its first word more than the rest. */
function nearestOf(text: string, real: readonly string[]): string {
  const parts = real.filter(
    (name) => name.includes('_') && (text.endsWith(`_${name}`) || name.startsWith(text)),
  );
  const [first] = text.split('_');
  const related = real.filter((name) => name.startsWith(`${first}_`));
  const candidates = [parts, related, real].find((names) => names.length > 0) as readonly string[];
  return candidates.reduce((best, name) => (distance(text, name) < distance(text, best) ? name : best));
}

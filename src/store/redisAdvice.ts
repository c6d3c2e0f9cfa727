import type { Logger } from 'winston';
import { throttledErrors } from '../runtime/throttle.ts';

/** A listener for what connections, queues and workers say about Redis: at most a line a second for each fault. */
export const redisErrors = (logger: Logger, message: string): ((error: Error) => void) =>
  throttledErrors(logger, message, permissionAdvised);

/** What a fault of a connection says by its code or its message, and what to do about it. */
const ADVICE: readonly [RegExp, string][] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|CERT_SIGNATURE_FAILURE/,
    'set REDIS_TLS_CA to the PEM file of the authority that signed its certificate',
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID/,
    'connect by a name that is in its certificate, or set REDIS_TLS_SERVER_NAME to one',
  ],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, 'its certificate has to be renewed, or a clock is wrong'],
  [
    /ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA/,
    'it asks for a certificate that it trusts: set REDIS_TLS_CERT and REDIS_TLS_KEY',
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/,
    'it speaks no TLS on this port: use redis:// in REDIS_URL, or no REDIS_TLS',
  ],
  [/WRONGPASS|invalid username-password/, 'look at REDIS_USERNAME and REDIS_PASSWORD, or those in REDIS_URL'],
  [/NOAUTH/, 'set REDIS_PASSWORD, or put the password into REDIS_URL'],
];

/** Over TLS, a server that is not content often just hangs up, and one without TLS waits for the end of a line. */
const TLS_ADVICE: typeof ADVICE = [
  [/ECONNRESET|EPIPE/, 'if it asks for a certificate that it trusts, set REDIS_TLS_CERT and REDIS_TLS_KEY'],
  [/ETIMEDOUT/, 'if it speaks no TLS on this port, use redis:// in REDIS_URL, or no REDIS_TLS'],
];

const PERMISSIONS = 'docs/operate.md has the list of what it must be allowed';

/** Says in a sentence what a Redis user lacks. */
export const lacks = (commands: readonly string[]): string =>
  `the Redis user may not run ${commands.map((command) => command.toUpperCase()).join(', ')}: ${PERMISSIONS}`;

/** What a refusal by the access control list means, as such a sentence; any other error as it is. */
export function permissionAdvised(error: Error): Error {
  // A transaction only says that it was discarded; which of its commands was refused, ioredis keeps beside.
  const { previousErrors = [] } = error as { previousErrors?: readonly Error[] };
  const said = [error, ...previousErrors].map(({ message }) => refusalSaid(message)).find(Boolean);
  return said === undefined ? error : new Error(said, { cause: error });
}

function refusalSaid(message: string): string | undefined {
  const command = /(?:NOPERM |ACL failure in script: ).*?permissions to run the '([^']+)' command/.exec(
    message,
  )?.[1];
  if (command !== undefined) return lacks([command.replace('|', ' ')]);
  if (/(?:NOPERM |ACL failure in script: ).*permissions to access/i.test(message))
    return `the Redis user may not touch a key or channel of ours: ${PERMISSIONS}`;
  // Redis 7.0 does not say which.
  if (/executing the script can't run this command/.test(message))
    return `the Redis user may not run a command of a script: ${PERMISSIONS}`;
  return undefined;
}

/** The same error, saying which variable to set where one would mend it. */
export function advised(error: Error, { tls }: { tls: boolean }): Error {
  // Of a cluster one is told that no node answered, and here why.
  const node = (error as { lastNodeError?: Error | null }).lastNodeError;
  const said = [error.message, ...(node?.message ? [node.message] : [])]
    .map((text) => text.trimEnd())
    .join(' ');
  const text = `${codeOf(error)} ${codeOf(node)} ${said}`;
  const advice = [...ADVICE, ...(tls ? TLS_ADVICE : [])].find(([pattern]) => pattern.test(text))?.[1];
  if (advice === undefined && said === error.message) return error;
  return new Error(advice === undefined ? said : `${said}: ${advice}`, { cause: error });
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined | null)?.code ?? '';

/** A sentence for whoever has to mend it, in place of what PostgreSQL or Node says. Without passwords: neither tells any. */
export function historyAdvised(error: Error, at: string): Error {
  const { code } = error as { code?: string };
  const advice = code === undefined ? undefined : ADVICE[code];
  const message = error.message === '' ? String(code) : error.message;
  return new Error(`PostgreSQL at ${at}: ${message}${advice === undefined ? '' : `: ${advice}`}`, {
    cause: error,
  });
}

const UNTRUSTED = 'nobody who is trusted has signed its certificate: DATABASE_TLS_CA names whom to trust';
const GRANTS = 'docs/history.md has the rights that the role needs';

const ADVICE: Readonly<Record<string, string>> = {
  '28P01': 'the password in DATABASE_URL is not the one it knows',
  '28000': 'it does not let this user in from here: see DATABASE_URL, and pg_hba.conf there',
  '3D000': 'create the database, or name another in DATABASE_URL',
  '42501': GRANTS,
  '25006': 'it takes no writes: a standby, or default_transaction_read_only is on',
  '53100': 'its disk is full',
  '53300': 'it has no connection left: raise max_connections',
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is made out to another name than the host in DATABASE_URL',
};

/** What node-postgres throws, and what its socket does; anything else comes from Redis, or is a refusal or a fault of ours. */
export function isOfPostgres(error: Error): boolean {
  if (error instanceof HistoryRefusal) return false;
  const { severity, code, syscall } = error as { severity?: string; code?: string; syscall?: string };
  return [severity, code, syscall].some((each) => each !== undefined) || UNNAMED.test(error.message);
}

/** Node-postgres gives these no code. */
const UNNAMED = /Connection terminated|timeout|SSL connection/;

/** What no wait will mend: somebody has to do something. */
export class HistoryRefusal extends Error {
  override readonly name = 'HistoryRefusal';
}

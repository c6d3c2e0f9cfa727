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

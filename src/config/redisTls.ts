import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { type Given, setAmong } from './given.ts';

/** Whom a TLS connection to Redis trusts and what it shows, as PEM. Without `ca` it is what Node trusts. */
export interface Certificates {
  ca?: string;
  cert?: string;
  key?: string;
  /** The name that certificates must carry, in place of the host that is connected to. */
  servername?: string;
}

/** Each file is read at the start: one that is missing should not show first when the connection breaks. */
export const redisTlsVariables = {
  REDIS_TLS_CA: pemFile(certificatesIn).optional(),
  REDIS_TLS_CERT: pemFile(certificatesIn).optional(),
  REDIS_TLS_KEY: pemFile(keyIn).optional(),
  REDIS_TLS_SERVER_NAME: z.string().optional(),
};

export const REDIS_TLS_NAMES = Object.keys(redisTlsVariables);

const variables = z.object(redisTlsVariables);

export function certificatesOf(env: z.output<typeof variables>): { certificates?: Certificates } {
  const certificates: Certificates = {
    ...(env.REDIS_TLS_CA === undefined ? {} : { ca: env.REDIS_TLS_CA }),
    ...(env.REDIS_TLS_CERT === undefined ? {} : { cert: env.REDIS_TLS_CERT }),
    ...(env.REDIS_TLS_KEY === undefined ? {} : { key: env.REDIS_TLS_KEY }),
    ...(env.REDIS_TLS_SERVER_NAME === undefined ? {} : { servername: env.REDIS_TLS_SERVER_NAME.trim() }),
  };
  return Object.keys(certificates).length === 0 ? {} : { certificates };
}

/** `usesTls` as far as the other variables say it. */
export function redisTlsContradictions(given: Given, usesTls: boolean): string[] {
  const problems: string[] = [];
  const names = setAmong(given, REDIS_TLS_NAMES);
  if (names.length > 0 && !usesTls) {
    problems.push(
      `${names.join(', ')} and a connection without TLS contradict each other: use rediss:// in REDIS_URL, or REDIS_TLS=true`,
    );
  }
  const { REDIS_TLS_CERT: cert, REDIS_TLS_KEY: key } = given;
  if ((cert === undefined) !== (key === undefined)) {
    const [one, other] = cert === undefined ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
    problems.push(
      `REDIS_TLS_${one} needs REDIS_TLS_${other}: a client shows its certificate and proves it by the key`,
    );
  }
  if (cert !== undefined && key !== undefined && !isPair(cert, key)) {
    problems.push(`REDIS_TLS_CERT and REDIS_TLS_KEY contradict each other: ${key} is not the key of ${cert}`);
  }
  return problems;
}

export function pemFile(check: (pem: string) => string | undefined) {
  return z.string().transform((path, context) => {
    const problem = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    let pem: string;
    try {
      pem = readFileSync(path, 'utf8');
    } catch (error) {
      return problem(`must be a file that can be read (${(error as NodeJS.ErrnoException).code})`);
    }
    const wrong = check(pem);
    return wrong === undefined ? pem : problem(wrong);
  });
}

export function certificatesIn(pem: string): string | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > 0 && blocks.every((block) => isRead(() => new X509Certificate(block))))
    return undefined;
  return 'must be a file of certificates in PEM, which begin with -----BEGIN CERTIFICATE-----';
}

function keyIn(pem: string): string | undefined {
  if (/ENCRYPTED/.test(pem)) return 'must be a private key without a passphrase';
  if (isRead(() => createPrivateKey(pem))) return undefined;
  return 'must be a private key in PEM, which begins with -----BEGIN PRIVATE KEY-----';
}

/** What cannot be read is a problem of its own variable. */
function isPair(certFile: string, keyFile: string): boolean {
  try {
    const certificate = new X509Certificate(readFileSync(certFile));
    return certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile)));
  } catch {
    return true;
  }
}

function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

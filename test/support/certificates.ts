import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An authority of the test's own, as files in PEM. */
export interface TestAuthority {
  ca: string;
  /** A certificate that it signs, for those names: `DNS:cache.example,IP:127.0.0.1`. */
  certificate(names: string): { cert: string; key: string };
  remove(): void;
}

export function makeAuthority(): TestAuthority {
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-tls-'));
  const file = (name: string) => join(dir, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const [ca, caKey] = [file('ca.crt'), file('ca.key')];
  openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-subj',
    '/CN=test authority',
    '-keyout',
    caKey,
    '-out',
    ca,
    '-days',
    '2',
  );
  let count = 0;
  return {
    ca,
    certificate(names) {
      count += 1;
      const [cert, key, asked, extensions] = ['crt', 'key', 'csr', 'ext'].map((end) =>
        file(`${count}.${end}`),
      ) as [string, string, string, string];
      writeFileSync(extensions, `subjectAltName=${names}\n`);
      openssl('req', ...NEW_KEY, '-subj', `/CN=${count}`, '-keyout', key, '-out', asked);
      const signedBy = ['-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-days', '2'];
      openssl('x509', '-req', '-in', asked, '-out', cert, '-extfile', extensions, ...signedBy);
      return { cert, key };
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

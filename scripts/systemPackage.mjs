import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { onPath, runQuietly, SetupFailure } from './steps.mjs';

/**
 * What a system's own package manager installs.
 *
 * @typedef {object} SystemPackage
 * @property {string} what  its name in a sentence
 * @property {Record<string, string[]>} installers  per manager its command, then the names to try one after the other
 * @property {() => boolean} isInstalled
 * @property {string} otherwise  the sentence for a system whose manager is none of these
 * @property {string} [aptPrepare]  shell lines that go before apt-get
 */

/** @param {SystemPackage} wanted */
export async function installPackage(wanted) {
  const { what, installers, isInstalled, otherwise, aptPrepare = '' } = wanted;
  const manager = managerOf(installers);
  if (!manager) throw new SetupFailure(otherwise);
  const [install, ...names] = installers[manager];
  const byHand = typeByHand(installers);
  const asRoot = manager === 'brew' ? [] : rootPrefix();
  if (!asRoot) throw new SetupFailure(`${what} is missing, and installing it takes root. Type: ${byHand}`);

  const prepare = manager === 'apt-get' ? APT + aptPrepare : '';
  // A fresh machine is often busy with its own updates; other managers wait for their lock by themselves.
  const patiently = install.replace(/^apt-get/, 'apt-get -o DPkg::Lock::Timeout=300');
  const script = `${prepare}\nfor name; do ${patiently} "$name" && exit; done; exit 1`;
  const [command, ...args] = [...asRoot, '/bin/sh', '-c', script, 'sh', ...names];
  try {
    await runQuietly(command, args);
  } catch (error) {
    throw new SetupFailure(`${error.message}\n${what} could not be installed. Type: ${byHand}`, {
      cause: error,
    });
  }
  if (!isInstalled())
    throw new SetupFailure(`${path.basename(manager)} installed no ${names[0]}. Type: ${byHand}`);
}

/** What to type on this system; undefined when its manager is none of these. */
export function typeByHand(installers) {
  const manager = managerOf(installers);
  if (!manager) return undefined;
  const [install, name] = installers[manager];
  return `${manager === 'brew' ? '' : 'sudo '}${install} ${name}`;
}

const managerOf = (installers) => Object.keys(installers).find(onPath);

const APT = `
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || echo 'going on with the package lists at hand'
`;

/**
 * Debian starts and enables a service as it installs it. Ours is a private process: a second Redis on 6379, now or after
 * the next boot, is nothing the user asked for. policy-rc.d is the documented way to say no.
 *
 * @param {string[]} services
 */
export const withoutService = (...services) => `
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod 755 "$policy"; fi
finish() {
  rm -f \${policy:+"$policy"}
  for service in ${services.join(' ')}; do update-rc.d "$service" disable >/dev/null 2>&1; done
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
`;

/** The words that make a command run as root, or nothing when that would need a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const maySudo = onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return maySudo ? ['sudo', '-n'] : undefined;
}

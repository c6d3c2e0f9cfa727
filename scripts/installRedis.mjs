import { spawnSync } from 'node:child_process';
import { onPath, runQuietly, SetupFailure } from './steps.mjs';

/** How each system installs, and under which names; the first one that it knows is taken. */
const INSTALLERS = {
  'apt-get': ['apt-get install -y', 'redis-server', 'valkey-server'],
  dnf: ['dnf install -y', 'redis', 'valkey'],
  yum: ['yum install -y', 'redis', 'valkey'],
  apk: ['apk add', 'redis', 'valkey'],
  pacman: ['pacman -Sy --noconfirm', 'valkey', 'redis'],
  zypper: ['zypper --non-interactive install', 'redis', 'valkey'],
  brew: ['brew install', 'redis', 'valkey'],
};

// Debian starts and enables a service as it installs it. Ours is a private process: a second Redis on 6379,
// now or after the next boot, is nothing the user asked for. policy-rc.d is the documented way to say no.
const APT_WITHOUT_SERVICE = `
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod 755 "$policy"; fi
finish() {
  rm -f \${policy:+"$policy"}
  for service in redis-server valkey-server; do update-rc.d "$service" disable >/dev/null 2>&1; done
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || echo 'going on with the package lists at hand'
`;

export function isRedisInstalled() {
  return Boolean(onPath('redis-server') ?? onPath('valkey-server'));
}

export async function installRedis() {
  const manager = Object.keys(INSTALLERS).find(onPath);
  if (!manager) {
    throw new SetupFailure(
      'Neither redis-server nor valkey-server is on the PATH: install one, or set REDIS_URL to a Redis to use.',
    );
  }
  const [install, ...names] = INSTALLERS[manager];
  const byHand = `${manager === 'brew' ? '' : 'sudo '}${install} ${names[0]}`;
  const asRoot = manager === 'brew' ? [] : rootPrefix();
  if (!asRoot) throw new SetupFailure(`Redis is missing, and installing it takes root. Type: ${byHand}`);

  const prepare = manager === 'apt-get' ? APT_WITHOUT_SERVICE : '';
  // A fresh machine is often busy with its own updates; other managers wait for their lock by themselves.
  const patiently = install.replace(/^apt-get/, 'apt-get -o DPkg::Lock::Timeout=300');
  const script = `${prepare}for name; do ${patiently} "$name" && exit; done; exit 1`;
  const [command, ...args] = [...asRoot, '/bin/sh', '-c', script, 'sh', ...names];
  try {
    await runQuietly(command, args);
  } catch (error) {
    throw new SetupFailure(`${error.message}\nRedis could not be installed. Type: ${byHand}`, {
      cause: error,
    });
  }
  if (!isRedisInstalled()) throw new SetupFailure(`${manager} installed no redis-server. Type: ${byHand}`);
}

/** The words that make a command run as root, or nothing when that would need a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const maySudo = onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return maySudo ? ['sudo', '-n'] : undefined;
}

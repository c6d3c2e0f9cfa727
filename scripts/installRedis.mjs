import { onPath } from './steps.mjs';
import { installPackage } from './systemPackage.mjs';

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
`;

export function isRedisInstalled() {
  return Boolean(onPath('redis-server') ?? onPath('valkey-server'));
}

export const installRedis = () =>
  installPackage({
    what: 'Redis',
    installers: INSTALLERS,
    isInstalled: isRedisInstalled,
    otherwise:
      'Neither redis-server nor valkey-server is on the PATH: install one, or set REDIS_URL to a Redis to use.',
    aptPrepare: APT_WITHOUT_SERVICE,
  });

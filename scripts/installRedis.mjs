import { onPath } from './steps.mjs';
import { installPackage, withoutService } from './systemPackage.mjs';

const INSTALLERS = {
  'apt-get': ['apt-get install -y', 'redis-server', 'valkey-server'],
  dnf: ['dnf install -y', 'redis', 'valkey'],
  yum: ['yum install -y', 'redis', 'valkey'],
  apk: ['apk add', 'redis', 'valkey'],
  pacman: ['pacman -Sy --noconfirm', 'valkey', 'redis'],
  zypper: ['zypper --non-interactive install', 'redis', 'valkey'],
  brew: ['brew install', 'redis', 'valkey'],
};

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
    aptPrepare: withoutService('redis-server', 'valkey-server'),
  });

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { onPath } from './steps.mjs';
import { installPackage } from './systemPackage.mjs';

const INSTALLERS = {
  'apt-get': ['apt-get install -y', 'postgresql'],
  dnf: ['dnf install -y', 'postgresql-server'],
  yum: ['yum install -y', 'postgresql-server'],
  apk: ['apk add', 'postgresql'],
  pacman: ['pacman -Sy --noconfirm', 'postgresql'],
  zypper: ['zypper --non-interactive install', 'postgresql-server'],
  brew: ['brew install', 'postgresql@17'],
};

/** Debian keeps the programs of a server off the PATH. */
const FOLDERS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];

export function isPostgresInstalled() {
  if (onPath('initdb')) return true;
  return FOLDERS.filter((folder) => existsSync(folder)).some((folder) =>
    readdirSync(folder).some((name) => existsSync(path.join(folder, name, 'bin', 'initdb'))),
  );
}

export const installPostgres = () =>
  installPackage({
    what: 'PostgreSQL',
    installers: INSTALLERS,
    isInstalled: isPostgresInstalled,
    otherwise:
      'PostgreSQL is not installed: the tests of the history need its programs, initdb and postgres.',
    // Debian would make a cluster of its own and start it, now and at every boot.
    aptPrepare: `
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
`,
  });

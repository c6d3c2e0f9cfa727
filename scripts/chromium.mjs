import { existsSync } from 'node:fs';
import { onPath } from './steps.mjs';
import { installPackage, typeByHand } from './systemPackage.mjs';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const ON_A_MAC = ['Chromium', 'Google Chrome'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);

const INSTALLERS = {
  'apt-get': ['apt-get install -y --no-install-recommends', 'chromium'],
  dnf: ['dnf install -y', 'chromium'],
  yum: ['yum install -y', 'chromium'],
  apk: ['apk add', 'chromium'],
  pacman: ['pacman -Sy --noconfirm', 'chromium'],
  zypper: ['zypper --non-interactive install', 'chromium'],
  brew: ['brew install --cask', 'chromium'],
};

const OTHERWISE = `install one that is on the PATH as ${COMMANDS.join(', ')}`;

/** Where a browser is that the tests of pages can drive; undefined when there is none. */
export function findChromium() {
  return COMMANDS.map(onPath).find(Boolean) ?? ON_A_MAC.find(existsSync);
}

export const isChromiumInstalled = () => findChromium() !== undefined;

/** What somebody without one is to do, in words. */
export function howToGetChromium() {
  const typed = typeByHand(INSTALLERS);
  return typed === undefined ? OTHERWISE : `type: ${typed}`;
}

export const installChromium = () =>
  installPackage({
    what: 'Chromium',
    installers: INSTALLERS,
    isInstalled: isChromiumInstalled,
    otherwise: `There is no Chromium for the tests of pages: ${OTHERWISE}.`,
  });

import { onPath } from './steps.mjs';
import { installPackage, typeByHand, withoutService } from './systemPackage.mjs';

const INSTALLERS = {
  'apt-get': ['apt-get install -y --no-install-recommends', 'prometheus'],
  dnf: ['dnf install -y', 'golang-github-prometheus'],
  apk: ['apk add', 'prometheus'],
  pacman: ['pacman -Sy --noconfirm', 'prometheus'],
  zypper: ['zypper --non-interactive install', 'golang-github-prometheus-prometheus'],
  brew: ['brew install', 'prometheus'],
};

const OTHERWISE = 'install Prometheus, which has promtool, so that it is on the PATH';

export const isPromtoolInstalled = () => onPath('promtool') !== undefined;

/** What somebody without it is to do, in words. */
export function howToGetPromtool() {
  const typed = typeByHand(INSTALLERS);
  return typed === undefined ? OTHERWISE : `type: ${typed}`;
}

export const installPromtool = () =>
  installPackage({
    what: 'promtool',
    installers: INSTALLERS,
    isInstalled: isPromtoolInstalled,
    otherwise: `There is no promtool for the tests of metrics and alerts: ${OTHERWISE}.`,
    aptPrepare: withoutService('prometheus'),
  });

import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

interface Lock {
  packages: Record<string, { dev?: boolean; license?: string; resolved?: string; integrity?: string }>;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
const shipped = Object.entries(packages).filter(([place, { dev }]) => place !== '' && !dev);
/** Those that ask for no more than to be named. */
const PERMISSIVE = /^\(?(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|Unlicense|CC0-1\.0)\b/;

it('every package in the image is under a licence that anybody may ship', () => {
  expect(shipped.filter(([, { license = '' }]) => !PERMISSIVE.test(license))).toEqual([]);
});

it('every package in the image is pinned by its content', () => {
  expect(shipped.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
});

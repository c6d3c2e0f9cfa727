import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { environmentDefaults } from '../src/config.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const [, table = ''] = readme.split('<!-- configuration table');
const rows = [...table.matchAll(/^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\|/gm)];

describe("the README's configuration table", () => {
  it('lists every variable with its default, and no other', () => {
    const documented = Object.fromEntries(rows.map(([, name, value]) => [name, value ?? '']));
    expect(documented).toEqual(environmentDefaults());
  });
});

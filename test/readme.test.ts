import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { environmentDefaults } from '../src/config.ts';
import { MAX_ENTRIES } from '../src/stats/readStats.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const [, table = ''] = readme.split('<!-- configuration table');
const rows = [...table.matchAll(/^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\|/gm)];

describe("the README's configuration table", () => {
  it('lists every variable with its default, and no other', () => {
    const documented = Object.fromEntries(rows.map(([, name, value]) => [name, value ?? '']));
    expect(documented).toEqual(environmentDefaults());
  });
});

describe("the README's section on the API", () => {
  it('names the most that a range may add up', () => {
    expect(readme).toContain(`above ${MAX_ENTRIES.toLocaleString('en')} of those`);
  });
});

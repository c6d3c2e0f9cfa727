import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { environmentDefaults } from '../src/config/config.ts';

const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\|/gm)];

describe('docs/configuration.md', () => {
  it('lists every variable with its default, and no other', () => {
    const documented = Object.fromEntries(rows.map(([, name, value]) => [name, value ?? '']));
    expect(documented).toEqual(environmentDefaults());
  });

  it('names none twice', () => {
    const names = rows.map(([, name]) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});

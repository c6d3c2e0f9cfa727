import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { MAX_ENTRIES } from '../src/stats/read/readStats.ts';

const page = readFileSync(new URL('../docs/api.md', import.meta.url), 'utf8');

describe('docs/api.md', () => {
  it('names the most that a range may add up', () => {
    expect(page).toContain(`above ${MAX_ENTRIES.toLocaleString('en')} of those`);
  });
});

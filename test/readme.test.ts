import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { MAX_ENTRIES } from '../src/stats/readStats.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe("the README's section on the API", () => {
  it('names the most that a range may add up', () => {
    expect(readme).toContain(`above ${MAX_ENTRIES.toLocaleString('en')} of those`);
  });
});

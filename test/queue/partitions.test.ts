import { describe, expect, it } from '@jest/globals';
import slotOf from 'cluster-key-slot';
import fc from 'fast-check';
import { MAX_PARTITIONS } from '../../src/runtime/limits.ts';
import { makePartitions } from '../../src/store/partitions.ts';

const COUNTS = Array.from({ length: MAX_PARTITIONS }, (_, index) => index + 1);
const SLOTS = 16_384;

const anyCount = fc.integer({ min: 1, max: MAX_PARTITIONS });

/** How many of the slots each of `masters` carries, contiguous as redis-cli and managed services share them out. */
function carried(slots: readonly number[], masters: number): number[] {
  const share = SLOTS / masters;
  const ends = Array.from({ length: masters }, (_, index) => Math.round((index + 1) * share));
  return ends.map(
    (end, index) => slots.filter((slot) => slot < end && slot >= (ends[index - 1] ?? 0)).length,
  );
}

describe('every user', () => {
  it('lands in one partition, whatever the id, and in the same one at every start', () => {
    fc.assert(
      fc.property(anyCount, fc.string({ unit: 'grapheme' }), (count, user) => {
        const partitions = makePartitions(count);
        const partition = partitions.of(user);
        expect(partitions.all[partition.index]).toBe(partition);
        expect(makePartitions(count).of(user)).toEqual(partition);
      }),
      { numRuns: 50 },
    );
  });

  it('stays in its half when the partitions are doubled, so that one can be split', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), fc.string(), (count, user) => {
        const before = makePartitions(count).of(user).index;
        expect(Math.floor(makePartitions(count * 2).of(user).index / 2)).toBe(before);
      }),
      { numRuns: 50 },
    );
  });

  it('shares the partitions evenly with the others', () => {
    const partitions = makePartitions(8);
    const users = Array(8).fill(0);
    for (let user = 0; user < 80_000; user += 1) users[partitions.of(`U${user}`).index] += 1;
    expect(Math.min(...users)).toBeGreaterThan(9_500);
    expect(Math.max(...users)).toBeLessThan(10_500);
  });

  it('never moves between versions: its stats would be left behind', () => {
    const of = (user: string) => makePartitions(16).of(user).index;
    expect(['U0001', 'U0002', 'U0003', 'ALICE', '42'].map(of)).toEqual([10, 7, 6, 14, 7]);
  });
});

describe('the tags of the partitions', () => {
  const tagsOf = (count: number) => makePartitions(count).all.map(({ tag }) => tag);

  it('are in braces, with nothing in them that could end the tag early', () => {
    for (const tag of tagsOf(MAX_PARTITIONS)) expect(tag).toMatch(/^\{[^{}:]+\}$/);
  });

  it('name a slot each', () => {
    for (const count of COUNTS) expect(new Set(tagsOf(count).map(slotOf)).size).toBe(count);
  });

  it('are the same at every start', () => {
    expect(tagsOf(7)).toEqual(tagsOf(7));
  });

  it('differ between numbers of partitions, so that none reads what another wrote', () => {
    const all = COUNTS.flatMap(tagsOf);
    expect(new Set(all).size).toBe(all.length);
  });

  it.each([2, 3, 4, 5, 6, 8, 12])(
    'load %d masters alike, to within one partition, however many there are',
    (masters) => {
      const uneven = COUNTS.map((count) => ({
        count,
        loads: carried(tagsOf(count).map(slotOf), masters),
      })).filter(({ loads }) => Math.max(...loads) - Math.min(...loads) > 1);
      expect(uneven).toEqual([]);
    },
  );
});

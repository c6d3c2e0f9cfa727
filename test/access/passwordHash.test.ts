import { describe, expect, it } from '@jest/globals';
import { oneByOne, TooManyPasswords } from '../../src/access/passwordHash.ts';

describe('passwords that come all at once', () => {
  it('are looked at one by one; whoever waited long is told to come again, and waits for no other', async () => {
    let time = 0;
    const inTurn = oneByOne({ most: 3, longestMs: 10, now: () => time });
    const ends: (() => void)[] = [];
    const work = (name: string) =>
      inTurn(
        () =>
          new Promise((resolve) => {
            ends.push(() => resolve(name));
          }),
      );
    const [first, second, third] = [work('first'), work('second'), work('third')];
    await expect(work('one too many')).rejects.toThrow(TooManyPasswords);
    const refused = Promise.allSettled([second, third]);
    time = 11;
    ends.shift()?.();
    expect(await first).toBe('first');
    expect((await refused).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(second).rejects.toThrow(TooManyPasswords);
    expect(ends).toEqual([]);

    const [next, after] = [work('next'), work('after')];
    await Promise.resolve();
    time += 10;
    while (ends.length === 0) await Promise.resolve();
    ends.shift()?.();
    expect(await next).toBe('next');
    while (ends.length === 0) await Promise.resolve();
    ends.shift()?.();
    expect(await after).toBe('after');
  });
});

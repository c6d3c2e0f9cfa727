import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { digestOf } from '../../../src/desk/recipes/recipe.ts';
import type { RunParts } from '../../../src/desk/runs/runs.ts';
import { findRecipe, listRecipes, removeRecipe, saveRecipe } from '../../../src/desk/saved/savedRecipes.ts';
import { RECIPE_VERSIONS_KEY, RECIPES_KEY } from '../../../src/store/keys.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { auditTrail } from '../../support/auditTrail.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';
import { COMMA, partsOf } from '../runs/failing.ts';

const WHO = { kind: 'user', name: 'anna' } as const;

describe('saved recipes', () => {
  let server: TestRedis;
  let redis: Redis;
  let parts: RunParts;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.flushall();
    const rules = partsOf({ redis: server, partitions: makePartitions(2) } as never);
    parts = { ...rules, redis, audit: makeAuditLog(redis, { retentionDays: 400 }), auditRetentionDays: 400 };
  });

  const setTo = (value: number) => ({
    version: 1 as const,
    steps: [{ do: 'set' as const, at: 'order_value', value }],
  });
  const save = (name: string, recipe: Parameters<typeof digestOf>[0] = COMMA, because = 'ticket 7') =>
    saveRecipe(parts, WHO, { name, recipe, because });

  it('are found by name, the newest or a version of it, and listed', async () => {
    expect(await listRecipes(redis)).toEqual([]);
    expect(await save('comma')).toMatchObject({ version: 1, by: WHO, because: 'ticket 7' });
    expect(await save('comma', setTo(12.345678901234567))).toMatchObject({ version: 2 });
    await save('été – 1', COMMA);
    expect(await findRecipe(redis, 'comma')).toEqual({
      recipe: setTo(12.345678901234567),
      recipeName: 'comma@2',
    });
    expect(await findRecipe(redis, 'comma@1')).toEqual({ recipe: COMMA, recipeName: 'comma@1' });
    expect((await listRecipes(redis)).map(({ name, version }) => [name, version])).toEqual([
      ['comma', 2],
      ['été – 1', 1],
    ]);
    for (const none of ['comma@3', 'comm', 'comma@', '__proto__'])
      await expect(findRecipe(redis, none)).rejects.toThrow(`No recipe is saved as ${none}.`);
  });

  it('have a version each when two people save at once', async () => {
    const saved = await Promise.all(Array.from({ length: 8 }, (_, n) => save('comma', setTo(n))));
    expect(saved.map(({ version }) => version).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const { version, recipe } of saved)
      expect((await findRecipe(redis, `comma@${version}`)).recipe).toEqual(recipe);
  });

  it('are removed with all their versions, and leave a trail', async () => {
    await save('comma');
    await save('comma', setTo(1));
    await removeRecipe(parts, WHO, { name: 'comma', because: 'old' });
    expect(await redis.exists(RECIPES_KEY, RECIPE_VERSIONS_KEY)).toBe(0);
    await expect(removeRecipe(parts, WHO, { name: 'comma', because: 'old' })).rejects.toThrow('No recipe is');
    const trail = await auditTrail(redis);
    expect(trail.map(({ phase, action, filter, result }) => [phase, action, filter, result])).toEqual([
      ['intent', 'save recipe', 'comma', undefined],
      ['outcome', 'save recipe', 'comma@1', 'done'],
      ['intent', 'save recipe', 'comma', undefined],
      ['outcome', 'save recipe', 'comma@2', 'done'],
      ['intent', 'remove recipe', 'comma', undefined],
      ['outcome', 'remove recipe', 'comma@2', 'done'],
      ['intent', 'remove recipe', 'comma', undefined],
      ['outcome', 'remove recipe', 'comma', 'refused'],
    ]);
    expect(trail[0]).toMatchObject({ who: WHO, reason: 'ticket 7', recipe: digestOf(COMMA) });
  });

  it('are bounded: ten versions, a hundred names, ten thousand bytes', async () => {
    for (let n = 1; n <= 12; n += 1) await save('comma', setTo(n));
    expect(await redis.hlen(RECIPE_VERSIONS_KEY)).toBe(10);
    await expect(findRecipe(redis, 'comma@2')).rejects.toThrow('No recipe');
    expect((await findRecipe(redis, 'comma@3')).recipe).toEqual(setTo(3));
    for (let n = 1; n < 100; n += 1) await save(`r${n}`);
    await expect(save('one more')).rejects.toThrow('100 recipes are saved');
    expect(await save('r5')).toMatchObject({ version: 2 });
    const step = { do: 'replace' as const, at: 'a', find: 'x'.repeat(200), with: '€'.repeat(200) };
    await expect(save('r6', { version: 1, steps: Array(20).fill(step) })).rejects.toThrow(
      '10000 bytes at most',
    );
    expect(await redis.hlen(RECIPES_KEY)).toBe(100);
    await removeRecipe(parts, WHO, { name: 'comma', because: 'old' });
    expect(await redis.hlen(RECIPE_VERSIONS_KEY)).toBe(100);
  });
});

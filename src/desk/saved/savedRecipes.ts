import type { Cluster, Redis } from 'ioredis';
import type { Author } from '../../audit/auditEntry.ts';
import { parsed } from '../../runtime/json.ts';
import { RECIPE_VERSIONS_KEY, RECIPES_KEY } from '../../store/keys.ts';
import { redisDate } from '../../store/redisTime.ts';
import { digestOf, type Recipe, recipe as recipeSchema } from '../recipes/recipe.ts';
import { Refused } from '../refused.ts';
import type { RunParts } from '../runs/runs.ts';

/** A recipe under a name; the same name saved again is the next version. */
export interface SavedRecipe {
  name: string;
  version: number;
  recipe: Recipe;
  by: Author;
  /** ISO, UTC. */
  at: string;
  because: string;
}

const MOST_NAMES = 100;
/** Older ones are dropped. Runs keep what they used. */
const VERSIONS_KEPT = 10;
const MOST_BYTES = 10_000;

/**
 * KEYS[1] names and their newest versions; KEYS[2] what each is; ARGV[1] the name; ARGV[2] what it is; ARGV[3] how many
 * names there may be; ARGV[4] how many versions of each. Returns the version, 0 when there are too many names.
 */
const SAVE = `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
local version = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('HSET', KEYS[2], ARGV[1] .. '@' .. version, ARGV[2])
redis.call('HDEL', KEYS[2], ARGV[1] .. '@' .. string.format('%.0f', version - ARGV[4]))
return version`;

/** The same keys; ARGV[1] the name; ARGV[2] how many versions of each. Returns the newest version, 0 when there was none. */
const REMOVE = `
local version = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
for each = version - ARGV[2] + 1, version do redis.call('HDEL', KEYS[2], ARGV[1] .. '@' .. string.format('%.0f', each)) end
redis.call('HDEL', KEYS[1], ARGV[1])
return version`;

type Kept = Omit<SavedRecipe, 'name' | 'version'>;

/** The newest version of each, by name. */
export async function listRecipes(redis: Redis | Cluster): Promise<SavedRecipe[]> {
  const newest = Object.entries(await redis.hgetall(RECIPES_KEY)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (newest.length === 0) return [];
  const texts = await redis.hmget(RECIPE_VERSIONS_KEY, ...newest.map((each) => each.join('@')));
  return newest.flatMap(([name, version], at) => {
    const kept = parsed(texts[at]) as Kept | null | undefined;
    return kept?.recipe === undefined ? [] : [{ name, version: Number(version), ...kept }];
  });
}

/**
 * A saved recipe by its name, the newest, or by name and version, like `comma@2`.
 *
 * @throws Refused when there is none, or an older version of the product cannot read it
 */
export async function findRecipe(
  redis: Redis | Cluster,
  wanted: string,
): Promise<{ recipe: Recipe; recipeName: string }> {
  const name = wanted.includes('@') ? wanted : `${wanted}@${(await redis.hget(RECIPES_KEY, wanted)) ?? ''}`;
  const text = await redis.hget(RECIPE_VERSIONS_KEY, name);
  if (text === null) throw new Refused(`No recipe is saved as ${wanted}.`, 'missing');
  const found = recipeSchema.safeParse((parsed(text) as Kept | null | undefined)?.recipe);
  if (!found.success) throw new Refused(`The recipe ${name} was saved by a version that knows other steps.`);
  return { recipe: found.data, recipeName: name };
}

/** @throws Refused when it is too large, or too many have a name; NoTrace */
export async function saveRecipe(
  { redis, audit }: RunParts,
  who: Author,
  { name, recipe, because }: Pick<SavedRecipe, 'name' | 'recipe' | 'because'>,
): Promise<SavedRecipe> {
  const kept: Kept = { recipe, by: who, at: await redisDate(redis), because };
  const text = JSON.stringify(kept);
  if (Buffer.byteLength(text) > MOST_BYTES)
    throw new Refused(
      `A saved recipe has ${MOST_BYTES} bytes at most, and this one ${Buffer.byteLength(text)}.`,
    );
  let version = 0;
  const change = { action: 'save recipe', filter: name, reason: because, recipe: digestOf(recipe) };
  const outcome = await audit.change(who, change, async () => {
    const keys = [RECIPES_KEY, RECIPE_VERSIONS_KEY];
    version = Number(await redis.eval(SAVE, 2, ...keys, name, text, MOST_NAMES, VERSIONS_KEPT));
    return version === 0
      ? { result: 'refused' as const, why: `${MOST_NAMES} recipes are saved: remove some first.` }
      : { result: 'done' as const, filter: `${name}@${version}` };
  });
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '');
  return { name, version, ...kept };
}

/** With all its versions; saved again it begins at 1. @throws Refused when there is none; NoTrace */
export async function removeRecipe(
  { redis, audit }: RunParts,
  who: Author,
  { name, because }: Pick<SavedRecipe, 'name' | 'because'>,
): Promise<void> {
  const outcome = await audit.change(
    who,
    { action: 'remove recipe', filter: name, reason: because },
    async () => {
      const version = await redis.eval(REMOVE, 2, RECIPES_KEY, RECIPE_VERSIONS_KEY, name, VERSIONS_KEPT);
      return version === 0
        ? { result: 'refused' as const, why: `No recipe is saved as ${name}.` }
        : { result: 'done' as const, filter: `${name}@${version}` };
    },
  );
  if (outcome.result === 'refused') throw new Refused(outcome.why ?? '', 'missing');
}

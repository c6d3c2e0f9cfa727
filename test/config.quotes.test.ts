import { describe, expect, it } from '@jest/globals';
import { ConfigError, environmentDefaults, readConfig } from '../src/config/config.ts';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** As `docker --env-file` passes on what a shell would have unwrapped. */
describe('a value in quotes', () => {
  it.each(Object.keys(environmentDefaults()))('is named as that for %s', (name) => {
    for (const quote of ['"', "'"]) {
      const said = problemsOf({ [name]: `${quote}x${quote}` }).filter((problem) =>
        problem.includes('quotes'),
      );
      expect(said).toEqual([
        expect.stringMatching(
          new RegExp(`^${name} has quotes around its value, got .*: leave them out, docker`),
        ),
      ]);
    }
  });

  it('is said beside what would be wrong without them, once each', () => {
    expect(problemsOf({ PORT: '"80"', REDIS: "'embedded'", REDIS_HOST: 'cache.example' })).toEqual([
      expect.stringMatching(/^PORT has quotes .*, got "\\"80\\"":/),
      expect.stringMatching(/^REDIS has quotes /),
      'REDIS=embedded and REDIS_HOST contradict each other: set one',
    ]);
  });

  it('shows no password', () => {
    expect(problemsOf({ REDIS_HOST: 'a', REDIS_PASSWORD: '"hunter2"' })).toEqual([
      expect.stringMatching(/^REDIS_PASSWORD has quotes around its value, got \*\*\*:/),
    ]);
  });

  it('is empty when nothing is in them, and refused', () => {
    expect(problemsOf({ REDIS_HOST: '""' })).toEqual([expect.stringMatching(/^REDIS_HOST has quotes/)]);
  });

  it.each(['a"', '"', 'it\'s "here" now'])('is none with quotes elsewhere: %j', (LOG_DIR) => {
    expect(problemsOf({ LOG_DIR })).toEqual([]);
  });
});

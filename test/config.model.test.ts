import { describe, expect, it } from '@jest/globals';
import { type ConfigError, readConfig } from '../src/config/config.ts';

const BOTH = {
  LLM_BASE_URL: 'https://integrate.api.nvidia.com/v1',
  LLM_MODEL: 'meta/llama-3.3-70b-instruct',
};

function problemsOf(env: Record<string, string>): string {
  try {
    readConfig(env);
    return '';
  } catch (error) {
    return (error as ConfigError).problems.join('\n');
  }
}

describe('the settings of the language model', () => {
  it('are none when nothing is set: nothing is asked', () => {
    expect(readConfig({}).model).toBeUndefined();
  });

  it('are careful when only the two are set that it takes', () => {
    expect(readConfig(BOTH).model).toEqual({
      baseUrl: BOTH.LLM_BASE_URL,
      name: BOTH.LLM_MODEL,
      apiKey: undefined,
      price: undefined,
      dailyDollars: 1,
      dailyTokens: 2_000_000,
      timeoutMs: 60_000,
      wholeAddresses: false,
    });
  });

  it('are what was set', () => {
    const env = {
      ...BOTH,
      LLM_API_KEY: 'key\n',
      LLM_PRICE: '0.75/4.50',
      LLM_DAILY_DOLLARS: '0.5',
      LLM_ADDRESSES: 'ON',
    };
    expect(readConfig(env).model).toMatchObject({
      apiKey: 'key',
      price: { input: 0.75, output: 4.5 },
      dailyDollars: 0.5,
      wholeAddresses: true,
    });
  });

  it.each([
    ['LLM_BASE_URL', 'nvidia'],
    ['LLM_BASE_URL', 'https://key@integrate.api.nvidia.com/v1'],
    ['LLM_BASE_URL', 'https://integrate.api.nvidia.com/v1?key=secret'],
    ['LLM_PRICE', '0.75'],
    ['LLM_PRICE', '-1/2'],
    ['LLM_DAILY_DOLLARS', '-1'],
    ['LLM_DAILY_TOKENS', '0'],
    ['LLM_TIMEOUT_SECONDS', '0'],
    ['LLM_ADDRESSES', 'some'],
  ])('may not be %s=%s', (name, value) => {
    expect(problemsOf({ ...BOTH, [name]: value })).toContain(`${name} must`);
  });

  it.each([
    [{ LLM_BASE_URL: BOTH.LLM_BASE_URL }, 'LLM_BASE_URL needs LLM_MODEL'],
    [{ LLM_MODEL: BOTH.LLM_MODEL }, 'LLM_MODEL needs LLM_BASE_URL'],
    [{ LLM_API_KEY: 'secret' }, 'LLM_API_KEY needs LLM_BASE_URL and LLM_MODEL'],
  ])('are not taken by halves: %j', (env, problem) => {
    expect(problemsOf(env as Record<string, string>)).toContain(problem);
    expect(problemsOf(env as Record<string, string>)).not.toContain('secret');
  });
});

import * as z from 'zod';
import { type Given, setAmong } from './given.ts';
import { lower, oneOf, price, whole } from './values.ts';

const PRICE = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/;

/** An endpoint below which `/chat/completions` lies. */
function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === '');
}

/** The language model that groups of findings are shown to. */
export const modelVariables = {
  LLM_BASE_URL: z
    .string()
    .refine(isEndpoint, 'must be an http(s) URL without a login, such as https://integrate.api.nvidia.com/v1')
    .optional(),
  LLM_MODEL: z.string().trim().min(1, 'must name a model').max(200, 'must name a model').optional(),
  LLM_API_KEY: z.string().trim().optional(),
  LLM_PRICE: z
    .string()
    .regex(PRICE, 'must be dollars per million tokens, in and out, such as 0.75/4.50')
    .optional(),
  LLM_DAILY_DOLLARS: price.default(1),
  LLM_DAILY_TOKENS: whole(1, 1_000_000_000).default(2_000_000),
  LLM_TIMEOUT_SECONDS: whole(1, 600).default(60),
  LLM_ADDRESSES: oneOf(['off', 'on'], lower).default('off'),
};

export const MODEL_SECRETS = ['LLM_API_KEY'];

export function modelContradictions(given: Given): string[] {
  const half = ['LLM_BASE_URL', 'LLM_MODEL'].filter((name) => given[name] === undefined);
  const others = setAmong(given, Object.keys(modelVariables));
  return half.length === 0 || others.length === 0
    ? []
    : [
        `${others[0]} needs ${half.join(' and ')}: without ${half.length === 1 ? 'it' : 'them'} no model is asked`,
      ];
}

const variables = z.object(modelVariables);

export interface ModelSettings {
  baseUrl: string;
  name: string;
  apiKey: string | undefined;
  /** Dollars per million tokens; undefined when nobody said. */
  price: { input: number; output: number } | undefined;
  dailyDollars: number;
  dailyTokens: number;
  timeoutMs: number;
  /** Whole addresses leave, not only city, region and country. */
  wholeAddresses: boolean;
}

/** Undefined: no model is asked. */
export function modelSettings(env: z.output<typeof variables>): { model: ModelSettings | undefined } {
  const { LLM_BASE_URL: baseUrl, LLM_MODEL: name } = env;
  if (baseUrl === undefined || name === undefined) return { model: undefined };
  const [, input, output] = PRICE.exec(env.LLM_PRICE ?? '') ?? [];
  return {
    model: {
      baseUrl: baseUrl.trim(),
      name,
      apiKey: env.LLM_API_KEY,
      price: input === undefined ? undefined : { input: Number(input), output: Number(output) },
      dailyDollars: env.LLM_DAILY_DOLLARS,
      dailyTokens: env.LLM_DAILY_TOKENS,
      timeoutMs: env.LLM_TIMEOUT_SECONDS * 1_000,
      wholeAddresses: env.LLM_ADDRESSES === 'on',
    },
  };
}

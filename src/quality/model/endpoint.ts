import { APIConnectionTimeoutError, APIError, APIUserAbortError, OpenAI } from 'openai';
import * as z from 'zod';
import { withLimit } from '../../runtime/deadline.ts';
import { objectsIn } from './answerText.ts';
import { boundedFetch, TooLarge } from './boundedFetch.ts';
import { type Budget, type Tokens, usedTokens } from './budget.ts';
import { Circuit } from './circuit.ts';
import type { CallOutcome } from './opinion.ts';

export interface EndpointParts {
  baseUrl: string;
  model: string;
  apiKey: string | undefined;
  timeoutMs: number;
  budget: Budget;
  /** Hears each HTTP request's end, once. */
  onCall: (outcome: CallOutcome) => void;
  now: () => number;
}

export interface Question<T> {
  /** Of the answer, in a word: response_format wants one. */
  name: string;
  system: string;
  user: string;
  shape: z.ZodType<T>;
  /** The most of the answer. */
  tokens: number;
}

export type Answer<T> = { outcome: 'ok'; value: T } | { outcome: Exclude<CallOutcome, 'ok'> };

/** How the endpoint is asked for JSON, best first. Some refuse the first, some take it and send nothing. */
const FORMATS = ['json_schema', 'json_object', 'plain'] as const;
type Message = { role: 'system' | 'user' | 'assistant'; content: string };
interface Failed {
  outcome: Exclude<CallOutcome, 'ok'>;
  /** The same may be asked for in a simpler way. */
  stepDown?: boolean;
  /** What was said instead, and may be repaired. */
  misread?: { text: string; why: z.ZodError | undefined };
}
type Said<T> = { outcome: 'ok'; value: T } | Failed;

/** Requests of one question: two steps down, one word that the endpoint does not know, one repair, and the last. */
const MOST_REQUESTS = 5;
/** What templates of servers add around the messages. */
const TEMPLATE_TOKENS = 256;
const SHOWN_BACK = 4_000;
/** Where the SDK tells about this machine. */
const SILENT = [
  'Lang',
  'Package-Version',
  'OS',
  'Arch',
  'Runtime',
  'Runtime-Version',
  'Retry-Count',
  'Timeout',
];

/**
 * One question to a model, and an answer of the shape that was asked for or a word for why there is none. One deadline
 * over all of it, no retries but those named here, every request charged before it is made. Never rejects.
 */
export class Endpoint {
  readonly #parts: EndpointParts;
  readonly #client: OpenAI;
  readonly #circuit: Circuit;
  readonly #closing = new AbortController();
  /** What the endpoint was found to take. */
  #format = 0;
  #formatWorks = false;
  #limitName: 'max_tokens' | 'max_completion_tokens' = 'max_tokens';
  #coldly = true;

  constructor(parts: EndpointParts) {
    this.#parts = parts;
    this.#circuit = new Circuit(parts.now);
    const silent = Object.fromEntries(SILENT.map((name) => [`X-Stainless-${name}`, null]));
    this.#client = new OpenAI({
      baseURL: parts.baseUrl,
      apiKey: parts.apiKey ?? 'none',
      // The SDK would read them from the environment.
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: parts.timeoutMs,
      logLevel: 'off',
      fetch: boundedFetch,
      defaultHeaders: {
        ...silent,
        'User-Agent': 'order-pipeline',
        ...(parts.apiKey ? {} : { Authorization: null }),
      },
    });
  }

  get openUntil(): number | undefined {
    return this.#circuit.openUntil;
  }

  close(): void {
    this.#closing.abort();
  }

  async ask<T>(question: Question<T>): Promise<Answer<T>> {
    if (this.#closing.signal.aborted) return { outcome: 'closed' };
    if (!this.#circuit.lets()) return { outcome: 'open_circuit' };
    const answer = await withLimit(
      this.#parts.timeoutMs,
      (signal) => this.#converse(question, signal),
      this.#closing.signal,
    ).catch((error): Answer<T> => ({ outcome: this.#outcomeOf(error) }));
    this.#circuit.ended(answer.outcome);
    // What was refused when nothing worked says nothing of the format.
    if (!this.#formatWorks) this.#format = 0;
    return answer;
  }

  async #converse<T>(question: Question<T>, signal: AbortSignal): Promise<Answer<T>> {
    const messages: Message[] = [
      { role: 'system', content: question.system },
      { role: 'user', content: question.user },
    ];
    let repaired = false;
    let last: Answer<T> = { outcome: 'empty' };
    for (let request = 0; request < MOST_REQUESTS; request += 1) {
      const said = await this.#request(question, messages, signal);
      if (said.outcome === 'ok') {
        this.#formatWorks = true;
        return said;
      }
      last = { outcome: said.outcome };
      if (said.stepDown) continue;
      if (said.misread === undefined || repaired) return last;
      repaired = true;
      const { text, why } = said.misread;
      messages.push({ role: 'assistant', content: text.slice(0, SHOWN_BACK) });
      messages.push({ role: 'user', content: repairOf(why) });
    }
    return last;
  }

  async #request<T>(question: Question<T>, messages: Message[], signal: AbortSignal): Promise<Said<T>> {
    const { budget, onCall } = this.#parts;
    const body = this.#bodyOf(question, messages);
    // A token is at least a byte of what it stands for.
    const most: Tokens = {
      input: Buffer.byteLength(JSON.stringify(body)) + TEMPLATE_TOKENS,
      output: question.tokens,
    };
    const reserved = await budget.reserve(most).catch(() => 'redis_away' as const);
    if (reserved === 'over_budget' || reserved === 'redis_away') {
      onCall(reserved);
      return { outcome: reserved };
    }
    let said: Said<T>;
    let used: Tokens | undefined;
    try {
      signal.throwIfAborted();
      const completion = await this.#client.chat.completions.create(body as never, { signal });
      used = usedTokens((completion as Partial<typeof completion>)?.usage);
      said = this.#read(question, completion);
    } catch (error) {
      said = this.#refused(error);
      // Nobody charges for a request that was not taken. What was aborted or broke may have been answered.
      if (/^http_[34]/.test(said.outcome) || wasNotTaken(error)) used = { input: 0, output: 0 };
    }
    onCall(said.outcome);
    // What cannot be given back stays charged.
    await budget.settle(reserved, used, said.outcome).catch(() => {});
    return said;
  }

  #bodyOf<T>(question: Question<T>, messages: readonly Message[]) {
    const format = FORMATS[this.#format];
    const { $schema: _, ...schema } = z.toJSONSchema(question.shape);
    return {
      model: this.#parts.model,
      messages,
      [this.#limitName]: question.tokens,
      ...(this.#coldly ? { temperature: 0 } : {}),
      ...(format === 'json_schema'
        ? { response_format: { type: format, json_schema: { name: question.name, strict: true, schema } } }
        : {}),
      ...(format === 'json_object' ? { response_format: { type: format } } : {}),
    };
  }

  #read<T>(question: Question<T>, completion: unknown): Said<T> {
    // A page instead of JSON comes as its text.
    if (typeof completion === 'string') return { outcome: 'unparsable' };
    const choices = (completion as { choices?: unknown })?.choices;
    const first = Array.isArray(choices) ? choices[0] : undefined;
    if (first?.finish_reason === 'length') return { outcome: 'cut_short' };
    const text = first?.message?.content;
    if (typeof text !== 'string' || text.trim() === '')
      return { outcome: 'empty', stepDown: this.#stepDown() };
    const objects = objectsIn(text);
    let why: z.ZodError | undefined;
    for (const each of objects) {
      const fits = question.shape.safeParse(each);
      if (fits.success) return { outcome: 'ok', value: fits.data };
      why = fits.error;
    }
    return { outcome: objects.length === 0 ? 'unparsable' : 'wrong_shape', misread: { text, why } };
  }

  #refused(error: unknown): Failed {
    // Its head said JSON.
    if ((error as Error)?.name === 'SyntaxError') return { outcome: 'unparsable' };
    const outcome = this.#outcomeOf(error);
    if (!(error instanceof APIError) || !/^http_(?:400|415|422|500|501)$/.test(outcome)) return { outcome };
    const about = `${error.message} ${error.param ?? ''}`;
    if (/^http_4/.test(outcome)) {
      if (this.#limitName === 'max_tokens' && about.includes('max_completion_tokens')) {
        this.#limitName = 'max_completion_tokens';
        return { outcome, stepDown: true };
      }
      if (this.#coldly && about.includes('temperature')) {
        this.#coldly = false;
        return { outcome, stepDown: true };
      }
    }
    return { outcome, stepDown: this.#stepDown() };
  }

  /** Asks for less from now on, where nothing better is known to work. Whether there is less to ask for. */
  #stepDown(): boolean {
    if (this.#formatWorks || this.#format === FORMATS.length - 1) return false;
    this.#format += 1;
    return true;
  }

  #outcomeOf(error: unknown): Exclude<CallOutcome, 'ok'> {
    if (this.#closing.signal.aborted) return 'closed';
    if (causes(error).some((each) => each instanceof TooLarge)) return 'too_large';
    if (error instanceof APIUserAbortError || error instanceof APIConnectionTimeoutError) return 'timeout';
    if (error instanceof APIError && typeof error.status === 'number') return `http_${error.status}`;
    return ['SlowCall', 'AbortError'].includes((error as Error)?.name) ? 'timeout' : 'unreachable';
  }
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = [];
  for (let each = error; each !== undefined && found.length < 5; each = (each as Error)?.cause)
    found.push(each);
  return found;
}

/** There was nobody to take it. */
const wasNotTaken = (error: unknown): boolean =>
  causes(error).some((each) =>
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes((each as { code?: string })?.code ?? ''),
  );

function repairOf(error: z.ZodError | undefined): string {
  const faults = (error?.issues ?? [])
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'answer'}: ${message}`);
  const why = faults.length === 0 ? 'no JSON object was found in it' : faults.join('; ');
  return `That cannot be read (${why}). Answer again with the JSON object alone, in the shape that was asked for.`;
}

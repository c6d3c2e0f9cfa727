import * as z from 'zod';
import type { AccessRole } from '../../access/roles.ts';
import type { CsvRow } from '../../runtime/csv.ts';
import type { ProblemKind } from '../transport/problemKinds.ts';

/**
 * One thing that can be asked of the API. Its route, its validation, its types and its part of the document all come
 * from here. Every operation is a GET, and HEAD besides, unless it says otherwise.
 */
export interface Operation<
  Path extends z.ZodObject = z.ZodObject,
  Query extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
> {
  /** With parameters in braces, as OpenAPI writes them. */
  path: string;
  tag: 'Users' | 'Totals' | 'Lists' | 'History' | 'Operation' | 'Desk' | 'Quality' | 'About';
  summary: string;
  description?: string;
  /** What changes something, or is asked for with more than fits into a URL. Then there is a body. */
  method?: 'post';
  body?: Body;
  /** Set for a POST that only asks: it changes nothing, so whoever may look may ask it. */
  asks?: true;
  /** Set where the body holds a whole order. */
  holdsOrder?: true;
  pathParameters: Path;
  query: Query;
  answer: Answer;
  example: z.input<Answer>;
  /** Present for lists: the same rows as CSV, on request. */
  csv?: { columns: readonly string[]; rows(answer: z.output<Answer>): readonly CsvRow[] };
  /** Set where the answer is a file: the media types that it may be of. */
  files?: readonly string[];
  /** The cursor of the page after this one. */
  next?(answer: z.output<Answer>): string | null;
  /** What it may refuse with, besides what any request may meet. */
  problems?: readonly ProblemKind[];
  /** Set for answers that are only true now: not stored, no ETag. */
  momentary?: true;
  /** Set for what no key is asked for. */
  open?: true;
  /** Set for what takes who may operate: it tells nothing of rates. */
  operators?: true;
  /** Who may ask for it, where that is not whoever may change something at all. */
  role?: AccessRole;
  /** A status beside 200 that comes with an answer of the same shape, and what it says. */
  otherwise?: { status: number; means: string };
}

/** A file that is sent in parts, as they come. */
export interface SentFile {
  type: string;
  name: string;
  parts: AsyncGenerator<string | Uint8Array, void, undefined>;
}
export const fileAnswer = z.custom<SentFile>();
export const NO_FILE: SentFile = { type: '', name: '', parts: (async function* () {})() };

export type InputOf<T extends Operation> = z.output<T['pathParameters']> & z.output<T['query']>;
export type AnswerOf<T extends Operation> = z.input<T['answer']>;

export const operation = <
  Path extends z.ZodObject,
  Query extends z.ZodType,
  Answer extends z.ZodType,
  Body extends z.ZodType,
>(
  one: Operation<Path, Query, Answer, Body>,
): Operation<Path, Query, Answer, Body> => one;

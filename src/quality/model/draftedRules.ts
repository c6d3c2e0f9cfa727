import { parse, stringify } from 'yaml';
import type * as z from 'zod';
import { OwnRulesError, ownRuleChecks } from '../own/ownRules.ts';
import type { draftsShape } from './questions.ts';
import { unmarked } from './redact.ts';
import { plainSentence } from './sentence.ts';

type Proposed = z.output<ReturnType<typeof draftsShape>>['answers'][number]['rules'][number];

const MOST = 3;
const LONGEST_VALUE = 80;

/**
 * Files of own rules, one rule in each, of what a model proposed for groups of the check `rule`. One that the reader of
 * such files refuses is left out, and so is one that would match everything.
 */
export function draftsOf(rule: string, proposed: readonly Proposed[], mark: string): string[] {
  return proposed.slice(0, MOST).flatMap(({ field, condition, value: given, message: said }, at) => {
    const message = plainSentence(said, mark);
    const value = typeof given === 'string' ? unmarked(given, mark).trim().slice(0, LONGEST_VALUE) : given;
    if (message === undefined || (typeof value === 'string' && /^[*?]*$/.test(value))) return [];
    const id = `draft_${rule.replaceAll(/[^a-z0-9_]/g, '_').slice(0, 45)}_${at + 1}`;
    const draft = {
      id,
      field,
      severity: 'warn',
      message: message.slice(0, 200),
      when: { [condition]: value },
    };
    const text = stringify({ version: 1, rules: [draft] });
    return isTaken(text) ? [text] : [];
  });
}

/** One file of all drafts; undefined without any. Two groups of one rule may have led to the same name. */
export function fileOf(drafts: readonly string[]): string | undefined {
  const rules = drafts.flatMap((text) => (parse(text) as { rules: { id: string }[] }).rules);
  if (rules.length === 0) return undefined;
  return stringify({ version: 1, rules: rules.map((one, at) => ({ ...one, id: `${one.id}_${at + 1}` })) });
}

function isTaken(text: string): boolean {
  try {
    return ownRuleChecks(text).length === 1;
  } catch (error) {
    if (error instanceof OwnRulesError) return false;
    throw error;
  }
}

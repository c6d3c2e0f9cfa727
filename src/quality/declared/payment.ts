import { distance } from 'fastest-levenshtein';
import type { Check, Circumstances } from '../check.ts';
import type { Finding } from '../finding.ts';
import { habits } from './habits.ts';
import { isMadeOfParts, PAYMENT_NAMES, PLACEHOLDERS, squashed } from './paymentMethods.ts';
import { NOTHING, signed } from './rule.ts';

const PATH = 'payment_method';

/** Codes: nobody can tell what two letters mean to a shop. */
const SHORTEST_JUDGED = 4;
const LONGEST_NAME = 40;
const SHORTEST_NEAR = 5;
const SHORTEST_TWO_OFF = 9;
/** Methods come back: each is thought about once. */
const VERDICTS_KEPT = 1_000;

type Verdict = 'known' | 'unknown' | { near: string };

/**
 * Ways to pay that are none: nearly a known one, which is a slip, or nothing that ways to pay are called. A shop that
 * takes one of them again and again means it, see habits.ts. Names in other scripts than Latin are not judged.
 */
export function paymentChecks(): readonly Check[] {
  const verdicts = new Map<string, Verdict>();
  const usual = habits();
  const verdictOn = (method: string): Verdict => {
    const kept = verdicts.get(method);
    if (kept) return kept;
    const verdict = judged(method);
    if (verdicts.size >= VERDICTS_KEPT) verdicts.clear();
    verdicts.set(method, verdict);
    return verdict;
  };
  const typo: Check = {
    id: 'payment_method_typo',
    version: 1,
    family: 'payment',
    judge({ paymentMethod }) {
      if (paymentMethod === undefined) return NOTHING;
      const verdict = verdictOn(paymentMethod);
      if (typeof verdict === 'string' || usual.isHabit(paymentMethod)) return NOTHING;
      const meant = asSpelled(verdict.near, usual.list());
      return [
        signed(typo, {
          path: PATH,
          key: paymentMethod,
          severity: 'warn',
          observed: paymentMethod,
          expected: meant,
          confidence: 0.9,
          fix: [{ path: PATH, value: meant }],
        }),
      ];
    },
    learn({ paymentMethod, userId }) {
      if (paymentMethod !== undefined) usual.saw(paymentMethod, userId);
    },
  };
  const unknown: Check = {
    id: 'payment_method_unknown',
    version: 1,
    family: 'payment',
    judge({ paymentMethod }, circumstances): readonly Finding[] {
      if (paymentMethod === undefined || verdictOn(paymentMethod) !== 'unknown') return NOTHING;
      if (usual.isHabit(paymentMethod)) return NOTHING;
      return [
        signed(unknown, {
          path: PATH,
          key: paymentMethod,
          severity: 'warn',
          observed: paymentMethod === '' ? 'blank' : paymentMethod,
          expected: `a way to pay${seenBefore(usual.count(paymentMethod), circumstances)}`,
          confidence: PLACEHOLDERS.has(squashed(paymentMethod)) ? 0.9 : 0.6,
        }),
      ];
    },
  };
  return [typo, unknown];
}

function seenBefore(count: number, { itselfLearned }: Circumstances): string {
  const others = Math.round(count) - (itselfLearned ? 1 : 0);
  return others > 0 ? `; ${others} other ${others === 1 ? 'order says' : 'orders say'} so too` : '';
}

function judged(method: string): Verdict {
  const name = squashed(method);
  if (name === '' || PLACEHOLDERS.has(name)) return 'unknown';
  if (/[^A-Z0-9]/.test(withoutMarks(name))) return 'known';
  const plain = withoutMarks(name);
  if (plain.length > LONGEST_NAME) return 'unknown';
  if (plain.length < SHORTEST_JUDGED || isMadeOfParts(plain)) return 'known';
  const near = [...PAYMENT_NAMES].filter((known) => isNear(plain, known));
  if (near.length === 1) return { near: near[0] as string };
  // Brands of the kind are named so, and there are more of them than any list knows.
  if (near.length > 1 || /^PAY|PAY$/.test(plain) || !/[A-Z]/.test(plain)) return 'known';
  return 'unknown';
}

/** Letters that NFD does not take apart. */
const withoutMarks = (name: string): string =>
  name.replace(/[ØŁĐÆŒIİ]/gu, (letter) => ({ Ø: 'O', Ł: 'L', Đ: 'D', Æ: 'AE', Œ: 'OE' })[letter] ?? 'I');

/** One letter off, or two where the name is long enough or they changed places. */
function isNear(name: string, known: string): boolean {
  if (known.length < SHORTEST_NEAR || Math.abs(name.length - known.length) > 2) return false;
  const apart = distance(name, known);
  if (apart <= 1) return true;
  if (apart > 2) return false;
  return known.length >= SHORTEST_TWO_OFF || sorted(name) === sorted(known);
}

const sorted = (text: string): string => [...text].sort().join('');

/** As the shop spells it where it is known how, else without signs. */
const asSpelled = (name: string, usual: readonly string[]): string =>
  usual.find((method) => squashed(method) === name) ?? name;

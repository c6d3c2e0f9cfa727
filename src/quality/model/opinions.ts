import type { Severity } from '../finding.ts';
import type { GroupToReview, ModelReviewer, Reviewed, ValueKind } from './opinion.ts';

/** Rules whose key is a value of which any order may have had it: that alone is shown, and no order. */
const OF_VALUES: Readonly<Record<string, ValueKind>> = {
  payment_method_unknown: 'payment_method',
  payment_method_unseen: 'payment_method',
  payment_method_typo: 'payment_method',
  places_unlike: 'place',
  order_id_unlike: 'id_shape',
  user_id_unlike: 'id_shape',
  product_id_unlike: 'id_shape',
};

/** What these say instead is a phrase: there is no known value in it. */
const WITHOUT_KNOWN = new Set(['payment_method_unknown', 'places_unlike']);

export const isOfValue = (rule: string): boolean => Object.hasOwn(OF_VALUES, rule);

/** What is `info` calls nothing wrong, so that there is nothing to have an opinion of: a price that moved. */
export const isAskedAbout = ({ severity }: { severity: Severity }): boolean => severity !== 'info';

/** The model's opinion of groups: of what is about a value by that value, many in one question; of others by their orders. */
export async function opinionsOn(
  model: Pick<ModelReviewer, 'reviewGroups' | 'judgeValues'>,
  groups: readonly GroupToReview[],
): Promise<Reviewed[]> {
  const others = groups.filter(({ finding }) => !isOfValue(finding.rule));
  const answers = others.length === 0 ? [] : await model.reviewGroups(others);
  for (const kind of new Set(Object.values(OF_VALUES))) {
    const own = groups.filter(({ finding }) => OF_VALUES[finding.rule] === kind);
    if (own.length === 0) continue;
    const known = own
      .filter(({ finding }) => !WITHOUT_KNOWN.has(finding.rule))
      .flatMap(({ finding }) => finding.expected.split(', '));
    const judged = await model.judgeValues(
      kind,
      own.map(({ finding }) => finding.key),
      [...new Set(known)],
    );
    for (const [at, { outcome, cached, verdict, cause, meant }] of judged.entries()) {
      const { id } = own[at] as GroupToReview;
      const explanation = meant === undefined ? undefined : `Likely meant: ${meant}`;
      answers.push(
        verdict && cause
          ? { id, outcome, cached, opinion: { verdict, cause, explanation, fixes: [] } }
          : { id, outcome, cached },
      );
    }
  }
  return answers;
}

import { apply } from '../../desk/recipes/apply.ts';
import { propose } from '../../desk/recipes/propose.ts';
import { InvalidOrder, type Issue } from '../../orders/invalidOrder.ts';
import type { ParseOrder } from '../../orders/parseOrder.ts';
import type { SumField } from '../../orders/sumFields.ts';
import type { Fix } from '../../quality/finding.ts';
import { rulesPass } from '../../quality/fixes.ts';
import { explainTotal } from '../../quality/refusedTotal.ts';

export interface RefusalParts {
  parse: ParseOrder;
  sumFields: readonly SumField[];
  receivedAt: string;
}

/**
 * The edits that make a refused order pass: of a total that is off, where one slip explains it; of anything else, what the
 * desk would propose. A total is not merely added up anew: that would cover up a wrong price.
 */
export function mendRefusal(
  sent: unknown,
  issues: readonly Issue[],
  parts: RefusalParts,
): readonly Fix[] | undefined {
  const fix = explainTotal(sent, issues)?.fix ?? asTheDesk(sent, issues, parts);
  return fix && rulesPass(sent, fix, parts) ? fix : undefined;
}

/** With more there is nothing of an order left to mend, and each is tried in several ways. */
const MOST_ISSUES = 20;

function asTheDesk(
  sent: unknown,
  issues: readonly Issue[],
  { parse, receivedAt, sumFields }: RefusalParts,
): readonly Fix[] | undefined {
  if (issues.length > MOST_ISSUES || issues.some(({ code }) => code === 'order_value_mismatch'))
    return undefined;
  const issuesOf = (order: unknown): readonly Issue[] => {
    try {
      parse(order, receivedAt);
      return [];
    } catch (error) {
      if (error instanceof InvalidOrder) return error.issues;
      throw error;
    }
  };
  const proposal = propose([sent], { issuesOf, sumFields });
  if (!proposal) return undefined;
  // What a recipe takes away stays in an order as a field that nobody reads.
  const changes =
    apply(proposal.recipe, sent, sumFields).changes?.filter(({ after }) => after !== undefined) ?? [];
  const edits = changes.map(({ path, after }) => ({ path, value: after }));
  return edits.every(isFix) ? edits : undefined;
}

const isFix = (edit: { path: string; value: unknown }): edit is Fix =>
  typeof edit.value === 'string' || typeof edit.value === 'number';

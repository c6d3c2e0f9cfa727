import type { Check } from '../../quality/check.ts';
import { declaredChecks } from '../../quality/declared/declaredChecks.ts';
import { batchIdChecks } from '../../quality/declared/identifiers.ts';

/** What a file is judged by, without Redis: what its own orders teach, no more. */
export const checksOfFile = (own: readonly Check[]): readonly Check[] => [
  ...declaredChecks().checks,
  ...batchIdChecks(),
  ...own,
];

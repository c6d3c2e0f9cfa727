import { kindOf } from '../kit/problem.ts';

/** A kind of problem as `/problems` explains it. */
export interface ProblemKind {
  kind: string;
  statuses: readonly number[];
  means: string;
}

export const readProblemKinds = (
  answer: readonly { type: string; statuses: number[]; means: string }[],
): ProblemKind[] => answer.map(({ type, statuses, means }) => ({ kind: kindOf(type), statuses, means }));

/** Places of values between two missing ones: no line leads there, and what happened in a single step must be seen. */
export const alone = (values: readonly (number | null | undefined)[]): number[] =>
  values.flatMap((value, at) =>
    value != null && values[at - 1] == null && values[at + 1] == null ? [at] : [],
  );

import { HttpProblem } from '../http/transport/problem.ts';
import { mayLoseDigits, parseExactly } from '../orders/exactJson.ts';
import { isRecord } from '../orders/record.ts';
import { type ExactNumbers, exactNumbersIn } from '../queue/exactPointers.ts';
import { wrapperOf } from './wrapper.ts';

/**
 * The data of an edit with the numbers that JSON.parse rounds kept under `exact`, as those of a message are. What the
 * board shows and sends back is rounded already, and spelled as JavaScript spells it: there what was sent stays.
 * `text`: the request's body, whose `jobData` the data is.
 *
 * @throws HttpProblem 400 when they cannot be kept
 */
export function withTypedNumbers(data: unknown, text: string, maxBodyBytes: number): unknown {
  if (!mayLoseDigits(text)) return data;
  const exactly = jobDataIn(text);
  const wrapped = wrapperOf(data);
  if (!wrapped || !isRecord(exactly)) {
    const exact = typedIn(exactly, maxBodyBytes);
    return isEmpty(exact) ? data : { order: data, exact };
  }
  const { order, ...beside } = exactly;
  if (!isEmpty(typedIn(beside, maxBodyBytes))) throw notKept('outside of `order`');
  const exact = typedIn(order, maxBodyBytes);
  if (isEmpty(exact)) return data;
  const before = isRecord(wrapped.data.exact) ? wrapped.data.exact : {};
  return { ...wrapped.data, exact: { ...before, ...exact } };
}

const isEmpty = (exact: ExactNumbers) => Object.keys(exact).length === 0;

function jobDataIn(text: string): unknown {
  try {
    return (parseExactly(text) as { jobData?: unknown } | null)?.jobData;
  } catch {
    throw notKept('in data nested as deep as this');
  }
}

function typedIn(value: unknown, maxBodyBytes: number): ExactNumbers {
  const exact = exactNumbersIn(value, maxBodyBytes);
  if (!exact) throw notKept('in such a number');
  return Object.fromEntries(Object.entries(exact).filter(([, digits]) => digits !== String(Number(digits))));
}

const notKept = (where: string) =>
  new HttpProblem(400, {
    kind: 'bad-request',
    detail: `Numbers with more digits than JSON carries cannot be kept ${where}, so nothing was saved: write them as text.`,
  });

import { columns, whole } from '../../src/cli/kit/print.ts';
import { type Expected, refusedCount } from '../../src/cli/send/expected.ts';
import { formatMinorUnits } from '../../src/orders/money.ts';
import type { Spender } from '../../src/stats/figures.ts';
import type { Endings } from './growth.ts';

export interface DemoResult {
  expected: Expected;
  grown: Endings;
  refused: Map<string, number>;
  topSpenders: readonly Spender[];
  seconds: number;
  url: string;
  queueUrl: string;
}

/** Prints the short table and says whether every figure is what was sent. */
export function report({
  expected,
  grown,
  refused,
  topSpenders,
  seconds,
  url,
  queueUrl,
}: DemoResult): boolean {
  const reasons = Object.entries(expected.refused).filter(([, count]) => count > 0);
  const right =
    grown.counted === expected.counted.orders &&
    grown.minorUnits === expected.counted.cents &&
    // SQS may deliver twice on its own: more duplicates than were sent are no fault.
    grown.duplicates >= expected.duplicates &&
    grown.refused === refusedCount(expected) &&
    reasons.every(([reason, count]) => refused.get(reason) === count);

  const processed = grown.counted + grown.duplicates + grown.refused;
  const table: string[][] = [
    ['', 'sent', 'processed'],
    ['messages', whole(expected.messages), whole(processed)],
    ['counted', whole(expected.counted.orders), whole(grown.counted)],
    ['revenue', formatMinorUnits(expected.counted.cents), formatMinorUnits(grown.minorUnits)],
    ['duplicates', whole(expected.duplicates), whole(grown.duplicates)],
    ['refused', whole(refusedCount(expected)), whole(grown.refused)],
    ...reasons.map(([reason, count]) => [`  ${reason}`, whole(count), whole(refused.get(reason) ?? 0)]),
  ];
  const spenders = topSpenders.map(({ userId, minorUnits }) => [`  ${userId}`, formatMinorUnits(minorUnits)]);
  const places = [
    ['Whether orders flow', `${url}/`],
    ['API', `${url}/stats/global`],
    ['', `${url}/stats/top-spenders?limit=3`],
    ['API docs', `${url}/docs`],
    ['Failed orders', `${url}/desk`],
    ['Odd orders', `${url}/quality`],
    ['What was sold', `${url}/analytics`],
    ['Jobs', `${url}/admin/queues`],
    ['Health', `${url}/health`],
    ['Inbox (SQS)', queueUrl],
  ];
  console.log(`\n${columns(table, [1, 2])}\n\nTop spenders\n${columns(spenders, [1])}\n`);
  console.log(
    `${right ? 'The totals are exactly what was sent' : 'The totals are NOT what was sent'} (${seconds.toFixed(1)} s).`,
  );
  console.log(`\n${columns(places)}`);
  return right;
}

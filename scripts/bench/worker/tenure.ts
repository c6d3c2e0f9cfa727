import { parseArgs } from 'node:util';
import { inPairs } from './pulse.ts';

/**
 * The worker as it is started, and with what V8 does unless it is told not to: where objects of some line of code have
 * lived long once, it makes all that come from there among the old ones, for good.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { jobs: { type: 'string', default: '30000' }, pairs: { type: 'string', default: '7' } },
  });
  await inPairs(
    '--no-allocation-site-pretenuring',
    { on: 'ours', off: 'ours with pretenuring' },
    Number(values.jobs),
    Number(values.pairs),
  );
}

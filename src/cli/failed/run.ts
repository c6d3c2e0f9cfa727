import { makeAuditLog, NoTrace } from '../../audit/auditLog.ts';
import type { Config } from '../../config/config.ts';
import { Refused } from '../../desk/refused.ts';
import type { RunParts } from '../../desk/runs/runs.ts';
import { makeParseOrder } from '../../orders/parseOrder.ts';
import { commandAuthor } from '../kit/author.ts';
import { helpOf } from '../kit/commandLine.ts';
import { complain, EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { isMendable, type OpenRedis, withRedis } from '../kit/withRedis.ts';
import { recordedPartitions } from '../verify/run.ts';
import { perform } from './commands.ts';
import { readWanted, USAGE } from './options.ts';

/** The failed command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const wanted = readWanted(args);
  if (wanted.do === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (wanted.do === 'nothing') return refuse(wanted.problems, around);
  return withRedis(around, async (open, config) => {
    try {
      return await perform(await partsOf(open, config), commandAuthor(), wanted, around);
    } catch (error) {
      if (error instanceof NoTrace) throw error;
      if (!(error instanceof Refused) && !isMendable((error as Error).cause)) throw error;
      complain((error as Error).message, around);
      return EXIT.no;
    }
  });
}

export async function partsOf(open: OpenRedis, config: Config): Promise<RunParts> {
  const { rules, maxBodyBytes, bridge, ledgerRetentionDays, auditRetentionDays } = config;
  return {
    redis: open.redis,
    partitions: await recordedPartitions(open),
    rules: {
      parse: makeParseOrder(rules),
      reading: { envelope: bridge.envelope, maxBodyBytes },
      sumFields: rules.sumFields,
      idCase: rules.idCase,
    },
    ledgerRetentionDays,
    currency: rules.currency,
    audit: makeAuditLog(open.redis, { retentionDays: auditRetentionDays }),
    auditRetentionDays,
  };
}

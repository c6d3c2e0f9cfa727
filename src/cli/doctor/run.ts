import { STSClient } from '@aws-sdk/client-sts';
import { createSqsClient } from '../../bridge/sqs/client.ts';
import { type Config, ConfigError, readConfig } from '../../config/config.ts';
import { makePartitions, type Partition } from '../../store/partitions.ts';
import { helpOf, readCommandLine, type Usage, withoutOperands } from '../kit/commandLine.ts';
import { EXIT, refuse, type Surroundings } from '../kit/surroundings.ts';
import { openRedis } from '../kit/withRedis.ts';
import { diskFindings } from './disk.ts';
import { type Finding, lookAt } from './finding.ts';
import { identityFindings, inboxFindings } from './inbox.ts';
import { queueFindings } from './queues.ts';
import { reportJson, reportText } from './report.ts';
import { serverFindings } from './server.ts';

const USAGE: Usage = {
  name: 'doctor',
  does: 'Looks at what the product leans on, from this machine: AWS, inbox, Redis, queues, disk; and says what to type.',
  examples: ['doctor', 'doctor --json'],
  options: [['--json', 'the findings as JSON']],
  notes: `Reads only: no message is received, nothing is created or changed. Set by the same variables as the roles: run it where
one of them runs, in its container for example.

Exit code: 0 nothing is bad, 1 something is, 2 wrong use or configuration, 3 something could not be looked at.`,
};

/** Milliseconds after which SQS or STS counts as away. */
const ANSWER_LIMIT_MS = 10_000;

/** The doctor command. Never throws for anything a user can mend; returns the exit code. */
export async function run(args: readonly string[], around: Surroundings): Promise<number> {
  const read = withoutOperands(readCommandLine(USAGE, args));
  if (read === 'help') {
    around.stdout.write(helpOf(USAGE));
    return EXIT.done;
  }
  if (read.problems.length > 0) return refuse(read.problems, around);
  let config: Config;
  try {
    config = readConfig(around.env, ['redis', 'sqs']);
  } catch (error) {
    if (error instanceof ConfigError) return refuse([error.message], around);
    throw error;
  }
  const findings = (await Promise.all([ofAws(config), ofRedis(config), ofDisk(config)])).flat();
  const has = (level: Finding['level']) => findings.some((each) => each.level === level);
  const code = has('bad') ? EXIT.no : has('unknown') ? EXIT.inconclusive : EXIT.done;
  const result = has('bad') ? 'bad' : has('unknown') ? 'unknown' : has('look') ? 'look' : 'good';
  around.stdout.write(read.values.has('json') ? reportJson(result, findings) : reportText(findings));
  return code;
}

async function ofAws({ sqs }: Config): Promise<Finding[]> {
  const requestHandler = { connectionTimeout: ANSWER_LIMIT_MS, requestTimeout: ANSWER_LIMIT_MS };
  const client = createSqsClient(sqs, undefined, { requestHandler, maxAttempts: 1 });
  const sts = new STSClient({
    region: client.config.region,
    credentials: client.config.credentials,
    requestHandler,
  });
  try {
    // Elsewhere there is nobody to ask who one is.
    const identity =
      sqs.kind === 'aws'
        ? lookAt('aws identity', async () => identityFindings(sts, await client.config.region()), {
            level: 'bad',
            type: 'AWS_REGION=…, or SQS_QUEUE_URL',
          })
        : [];
    return (await Promise.all([identity, inboxFindings(client, sqs)])).flat();
  } finally {
    client.destroy();
    sts.destroy();
  }
}

const ofRedis = (config: Config): Promise<Finding[]> =>
  lookAt(
    'redis',
    async () => {
      const { redis, close } = await openRedis(config);
      try {
        const [partition] = makePartitions(config.partitions).all;
        const { durability, bridge } = config;
        const server = { durability, memoryShare: bridge.memoryShare };
        return [
          ...(await serverFindings(redis, partition as Partition, server)),
          ...(await queueFindings(redis, config.partitions)),
        ];
      } finally {
        await close();
      }
    },
    { level: 'bad', type: 'redis-cli -u REDIS_URL ping, from here' },
  );

const ofDisk = ({ redis, dataDir, log }: Config): Promise<Finding[]> =>
  diskFindings({
    ...(redis.kind === 'embedded' ? { DATA_DIR: dataDir } : {}),
    ...(log.dir === undefined ? {} : { LOG_DIR: log.dir }),
  });

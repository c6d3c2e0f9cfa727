/**
 * The whole product on this machine with sample orders: starts everything that is not configured otherwise, sends,
 * waits, and checks that the totals grew by exactly what was sent.
 *
 *   npm run demo                keeps serving until Ctrl-C
 *   npm run demo -- --once      exits: 0 only if the totals are right
 *   npm run demo -- --count 20000 --seed 7
 *   npm run demo -- --cluster   on a Redis Cluster of three masters with a replica each, started here
 */

import { parseArgs } from 'node:util';
import closeWithGrace from 'close-with-grace';
import { ALL_PARTS } from '../src/app/allParts.ts';
import { startRole } from '../src/app/startRole.ts';
import { createSqsClient } from '../src/bridge/sqs/client.ts';
import { openInbox } from '../src/bridge/sqs/openInbox.ts';
import { messageCount, sendGenerated } from '../src/cli/send/deliver.ts';
import { ConfigError, readConfig } from '../src/config/config.ts';
import { closeLogger, makeLogger } from '../src/runtime/logger.ts';
import { Services } from '../src/runtime/services.ts';
import { startCluster } from './cluster/startCluster.ts';
import { openLedgerView } from './demo/growth.ts';
import { reportHistory, tryHistory } from './demo/history.ts';
import { followProgress } from './demo/progress.ts';
import { report } from './demo/report.ts';
import { visitorLink } from './demo/visitor.ts';

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    cluster: { type: 'boolean', default: false },
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 0x1_0000_0000)) },
  },
});

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

const orders = {
  count: Number(values.count),
  invalid: 0.06,
  duplicates: 0.05,
  users: 200,
  seed: Number(values.seed),
  until: new Date().toISOString().slice(0, 10),
};

async function demo(): Promise<boolean> {
  if (
    !(Number.isInteger(orders.count) && orders.count > 0 && Number.isInteger(orders.seed) && orders.seed >= 0)
  ) {
    throw new ConfigError([
      `--count and --seed must be whole numbers, got ${values.count} and ${values.seed}`,
    ]);
  }
  const cluster = values.cluster ? await startCluster(3, { replicas: true }) : undefined;
  const environment = { QUALITY: 'rules,learned', ...process.env };
  const env = cluster ? onCluster(cluster.nodes, environment) : environment;
  let config = readConfig(env);
  if (config.http.port === 0) throw new ConfigError(['the demo needs HTTP: PORT must not be 0']);
  const logger = makeLogger({ ...config.log, consoleLevel: 'error' });
  const services = new Services(logger);
  if (cluster) services.add({ name: 'cluster', stop: () => cluster.stop() });
  const shutDown = async () => {
    await services.stop();
    await closeLogger(logger);
  };
  closeWithGrace({ delay: config.shutdownTimeoutMs, logger: undefined }, shutDown);

  const history = await tryHistory(env, config.dataDir, services);
  if (history) config = readConfig({ ...env, HISTORY: 'embedded' });
  console.log(
    `Starting ${cluster ? 'on a Redis Cluster' : 'Redis'}, SQS, bridge, worker${history ? ', PostgreSQL' : ''} and API …`,
  );
  const app = await startRole(config, 'all', ALL_PARTS, logger, services);
  const client = createSqsClient(config.sqs);
  const queueUrl = await openInbox(client, config.sqs);
  const view = openLedgerView(app.redis, config);
  services.add({ name: 'demo', stop: async () => view.close() });

  const before = await view.read();
  // The archiver makes the tables; where it is slow, this says so.
  const keptBefore = await history?.read().catch(() => ({ orders: 0, minorUnits: 0 }));
  const started = Date.now();
  const progress = followProgress(messageCount(orders), async () => view.grownSince(before));
  const { expected } = await sendGenerated(client, queueUrl, {
    ...orders,
    currency: config.rules.currency,
    idCase: config.rules.idCase,
  });
  client.destroy();
  await progress.finished;
  const seconds = (Date.now() - started) / 1_000;

  const grown = await view.grownSince(before);
  const rightTotals = report({
    expected,
    grown,
    refused: await view.refusedSince(started),
    topSpenders: await view.topSpenders(5),
    seconds,
    url: app.url as string,
    queueUrl,
  });
  const right =
    history && keptBefore ? (await reportHistory(history, keptBefore, grown)) && rightTotals : rightTotals;
  if (!values.once) {
    if (LOOPBACK.includes(config.http.host)) {
      const link = await visitorLink(app.redis, app.url as string);
      console.log(
        `\nThis link signs you in here as visitor, who may do everything. It is good once:\n  ${link}`,
      );
    }
    console.log('\nServing until Ctrl-C.');
    return right;
  }
  await shutDown();
  return right;
}

/** Two partitions to a master, and every job on a replica before its message is deleted. */
function onCluster(nodes: string, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(
    ([name]) => !/^REDIS(_|$)/.test(name) || name === 'REDIS_MEMORY_SHARE',
  );
  return {
    PARTITIONS: '6',
    DURABILITY: 'replicas:1',
    ...Object.fromEntries(others),
    REDIS_CLUSTER_NODES: nodes,
  };
}

demo().then(
  (right) => {
    if (values.once) process.exit(right ? 0 : 1);
  },
  (error: Error) => {
    console.error(error instanceof ConfigError ? error.message : `The demo cannot run: ${error.message}`);
    process.exit(error instanceof ConfigError ? 2 : 1);
  },
);

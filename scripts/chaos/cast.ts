import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Role } from '../../src/config/roles.ts';
import { type FaultProxy, startFaultProxy } from '../../test/support/faultProxy.ts';
import { freePort } from '../support/freePort.ts';
import { startClusterStore } from './clusterStore.ts';
import type { History, HistoryServer } from './historyServer.ts';
import { HOLDING_RULE, HOLDING_RULES } from './misprints.ts';
import { type ProductProcess, startProduct } from './productProcess.ts';
import type { Schedule } from './schedule.ts';
import { startSingleStore } from './singleStore.ts';
import { injectSqsFaults, type SqsFaults } from './sqsFaults.ts';
import type { Store } from './store.ts';
import type { Survivor } from './survivor.ts';

/** What a schedule plays with: an inbox, a Redis, the product's processes, and what stands between them. */
export interface Cast {
  queueUrl: string;
  store: Store;
  sqs: SqsFaults;
  historyServer: HistoryServer;
  history: History;
  processes: readonly ProductProcess[];
  close(): Promise<void>;
}

export interface CastOptions {
  schedule: Schedule;
  survivor: Survivor;
  historyServer: HistoryServer;
  /** The product's entry point. */
  main: string;
  folder: string;
  /** The name of the inbox. */
  queue: string;
  /** Something broke, by the kind that the summary counts. */
  onFault: (kind: string) => void;
  /** A process ended by itself with an error, which no fault told it to. */
  onExit: (role: Role, code: number, lastWords: string) => void;
}

/** These have nothing to show. */
const SILENT: readonly Role[] = ['worker', 'archiver', 'quality'];
/** A worker's jobs are free for others after this: the least that the product takes. */
const LOCK_MS = 1_000;

export async function assemble(options: CastOptions): Promise<Cast> {
  const { schedule, survivor, folder, queue, onFault, onExit } = options;
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    // One that fails to close must not leave the others running.
    for (const each of closing.splice(0).toReversed()) await each().catch(() => {});
  };
  try {
    const queueUrl = await survivor.open(queue);
    closing.push(() => survivor.close(queue));
    const proxy = await startFaultProxy(survivor.endpoint);
    closing.push(() => proxy.stop());
    const startStore = schedule.settings.onCluster ? startClusterStore : startSingleStore;
    const store = await startStore({ processes: schedule.processes.length, folder, onFault }, survivor.guard);
    closing.push(() => store.stop());

    const history = await options.historyServer.open(queue.replaceAll('-', '_'));
    const rules = join(folder, 'rules.yaml');
    await writeFile(rules, HOLDING_RULES);
    const processes: ProductProcess[] = [];
    for (const [index, role] of schedule.processes.entries()) {
      const process = startProduct({
        main: options.main,
        role,
        port: SILENT.includes(role) ? 0 : await freePort(),
        env: {
          ...environment(schedule, proxy, queueUrl),
          ...store.environment(index),
          DATABASE_URL: history.url,
          QUALITY: 'rules,learned',
          QUALITY_RULES: rules,
          QUALITY_HOLD: HOLDING_RULE,
          DATA_DIR: folder,
          LOG_DIR: join(folder, `${index}-${role}`),
        },
        lives: schedule.lives[index] ?? [],
        guard: survivor.guard,
        onCrash: (point) => onFault(`killed ${point.at}`),
        onExit: (code, lastWords) => onExit(role, code, lastWords),
      });
      closing.push(() => process.end());
      processes.push(process);
    }
    return {
      queueUrl,
      store,
      sqs: injectSqsFaults(proxy, (fault) => onFault(`SQS: ${fault}`)),
      historyServer: options.historyServer,
      history,
      processes,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function environment({ settings }: Schedule, proxy: FaultProxy, queueUrl: string) {
  return {
    SQS_ENDPOINT: proxy.endpoint,
    SQS_QUEUE_URL: queueUrl,
    SQS_VISIBILITY_SECONDS: '10',
    SQS_WAIT_SECONDS: '2',
    PARTITIONS: String(settings.partitions),
    COMPLETED_KEEP: String(settings.completedKeep),
    WORKER_CONCURRENCY: String(settings.concurrency),
    JOB_LOCK_MS: String(LOCK_MS),
    JOB_BACKOFF_MS: '50',
    // Far from UTC: a day is one of UTC wherever the product runs.
    TZ: 'Pacific/Auckland',
  };
}

/** The process that shows the totals and the operator's page. */
export function showing(processes: readonly ProductProcess[]): ProductProcess {
  const serving: readonly Role[] = ['api', 'all'];
  return processes.find(({ role }) => serving.includes(role)) as ProductProcess;
}

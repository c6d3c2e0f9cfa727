import { setTimeout as delay } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../../src/bridge/sqs/client.ts';
import type { GeneratedMessage } from '../../src/cli/send/generate.ts';
import { type Api, apiAt } from './api.ts';
import { assemble, type Cast, type CastOptions, showing } from './cast.ts';
import type { Difference } from './compare.ts';
import { inflict } from './inflict.ts';
import type { RunStep } from './misprints.ts';
import { makeModel } from './model.ts';
import { startOperator } from './operator.ts';
import type { Play } from './play.ts';
import { openReality } from './reality.ts';
import { type RepairRun, startRepairer } from './repairer.ts';
import type { Step } from './schedule.ts';
import { settle } from './settle.ts';
import { watchTotals } from './watchTotals.ts';

/** What one schedule did and what it found. */
export interface ScheduleResult {
  seed: number;
  messages: number;
  /** What broke, by kind. */
  faults: ReadonlyMap<string, number>;
  /** The last words of processes that ended by themselves with an error and were started again. */
  exits: readonly string[];
  operations: number;
  repairs: readonly RepairRun[];
  differences: readonly Difference[];
  /** What each process printed last, for a schedule that failed. */
  output: readonly string[];
}

export interface RunOptions extends Omit<CastOptions, 'onFault' | 'onExit'> {
  /** Hears of everything that happens, as it happens. */
  onEvent?: (event: string) => void;
}

/** Plays one schedule on processes of its own, lets everything settle, and compares with the model. */
export async function runSchedule(options: RunOptions): Promise<ScheduleResult> {
  const { schedule, survivor, queue, onEvent = () => {} } = options;
  const firstDay = today();
  const faults = new Map<string, number>();
  const onFault = (kind: string) => {
    faults.set(kind, (faults.get(kind) ?? 0) + 1);
    onEvent(kind);
  };

  const exits: string[] = [];
  const onExit: CastOptions['onExit'] = (role, code, lastWords) => {
    exits.push(lastWords.replace(/^\S+ +/, ''));
    onEvent(`ended by itself: ${role} with ${code}: ${lastWords}`);
  };

  const cast = await assemble({ ...options, onFault, onExit });
  const client = createSqsClient({
    endpoint: survivor.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'chaos', secretAccessKey: 'chaos' },
  });
  const reality = openReality(cast.store.connect(), schedule.settings.partitions);
  const model = makeModel();
  const api: Api = apiAt(showing(cast.processes).url);
  const operator = startOperator(showing(cast.processes).url, schedule.settings.partitions);
  const repairer = startRepairer(showing(cast.processes).url);
  // A failover takes back what no replica has: the orders it undid are jobs again, and count again.
  const watcher = watchTotals(api, model, { mayShrink: schedule.settings.onCluster });
  const play: Play = {
    cast,
    client,
    model,
    operator,
    repairer,
    onFault,
    onEvent,
    operations: [],
    repairs: [],
    freezing: [],
  };
  try {
    await untilUp(cast);
    onEvent('all processes are up');
    for (const step of schedule.steps) await take(step, play);
    onEvent('the last step is taken');
    await Promise.all(play.freezing);
    await cast.store.calm();
    cast.sqs.calm();
    for (const each of cast.processes) each.calm();
    const settled = await settle({
      ...play,
      api,
      reality,
      inbox: () => survivor.left(queue),
      isOneRedis: !schedule.settings.onCluster,
      keepsCompleted: schedule.settings.completedKeep >= model.bodies.size,
      today: () => [firstDay, today()],
    });
    const differences = [...settled, ...(await watcher.stop())];
    return {
      seed: schedule.seed,
      messages: model.expected.messages,
      faults,
      exits,
      operations: play.operations.length,
      repairs: await repairer.runs().catch(() => []),
      differences,
      output: cast.processes.map(({ role, output }) => `--- ${role}\n${output}`),
    };
  } finally {
    await watcher.stop();
    client.destroy();
    await reality.close().catch(() => {});
    await cast.close();
  }
}

async function take(step: Step, play: Play): Promise<void> {
  switch (step.do) {
    case 'send':
      for (let from = 0; from < step.messages.length; from += 10) {
        await send(step.messages.slice(from, from + 10), play);
      }
      return;
    case 'pause':
      await delay(step.ms);
      return;
    case 'operate':
      operate(step, play);
      return;
    case 'run':
      repair(step, play);
      return;
    default:
      play.onEvent(`fault: ${JSON.stringify(step)}`);
      await inflict(step, play);
  }
}

/** Straight to SQS, where no fault is in the way: what it took must be known for certain. */
async function send(messages: readonly GeneratedMessage[], { cast, client, model, onEvent }: Play) {
  const Entries = messages.map(({ body }, index) => ({ Id: String(index), MessageBody: body }));
  model.sending(messages);
  const sent = await client.send(new SendMessageBatchCommand({ QueueUrl: cast.queueUrl, Entries }));
  for (const { Id, MessageId } of sent.Successful ?? []) {
    model.sent(messages[Number(Id)] as GeneratedMessage, MessageId as string);
  }
  if (sent.Successful?.length !== messages.length) throw new Error('SQS refused a message of the schedule');
  onEvent(`sent ${messages.length}`);
}

function operate(step: Step & { do: 'operate' }, { model, operator, operations, onEvent }: Play): void {
  const open = model.refusals.filter(({ repaired }) => !repaired);
  const refusal = open[step.pick % open.length];
  if (!refusal) return;
  const previous = operations.at(-1) ?? Promise.resolve();
  const order = model.operated(refusal, step.act, step.order);
  const done = previous.then(async () => {
    await operator.act(refusal, step.act, order);
    onEvent(`operator: ${step.act} of ${refusal.messages.join(' or ')}`);
  });
  // Heard when everything settles, which may be later than it fails.
  done.catch(() => {});
  operations.push(done);
}

/** Beside whoever is at Bull Board, and beside the run before. */
function repair({ where, rate }: RunStep, { model, repairer, repairs, onEvent }: Play): void {
  model.mending();
  const done = repairer.run({ where, rate }).then(() => onEvent('a run of repairs is over'));
  done.catch(() => {});
  repairs.push(done);
}

/** So that the first faults meet a product at work, not one that still loads. One that dies at once comes up later. */
async function untilUp({ processes }: Cast): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!processes.every(({ isUp }) => isUp) && Date.now() < deadline) await delay(20);
}

const today = (): string => new Date().toISOString().slice(0, 10);

import { type GeneratedMessage, generate } from '../../src/cli/send/generate.ts';
import { createRandom, type Random } from '../../src/cli/send/random.ts';
import type { Role } from '../../src/config/roles.ts';
import { drawMisprints, drawRun, type Misprint, type RunStep } from './misprints.ts';
import { type CrashPoint, drawPoint, drawRunPoint, type Part } from './points.ts';

/** Everything that one seed decides: what is sent, what an operator does, and what breaks when. */
export interface Schedule {
  seed: number;
  settings: Settings;
  /** The product's processes by role. */
  processes: readonly Role[];
  /** Per process: where it dies in its first life, its second and so on; undefined lets it live. */
  lives: readonly (readonly (CrashPoint | undefined)[])[];
  steps: readonly Step[];
}

export interface Settings {
  /** A Redis Cluster with a replica for each master instead of one Redis. */
  onCluster: boolean;
  partitions: number;
  completedKeep: number;
  concurrency: number;
}

export type Step =
  | { do: 'send'; messages: readonly (GeneratedMessage | Misprint)[] }
  | { do: 'pause'; ms: number }
  | { do: 'operate'; act: OperatorAct; pick: number; order: GeneratedMessage }
  | RunStep
  | Fault;

/** `repair` makes it an order that counts, `repeat` one that was sent before, `spoil` another invalid one. */
export type OperatorAct = 'repair' | 'repeat' | 'spoil' | 'retry';

export type Fault =
  | { do: 'kill' | 'stop'; process: number }
  | { do: 'freeze'; process: number; ms: number }
  /** On a cluster, `ms` picks the master, and frozen for an odd number it sleeps until its replica has taken over. */
  | { do: 'kill Redis' | 'freeze Redis'; ms: number }
  /** The PostgreSQL that the history is kept in. */
  | { do: 'kill PostgreSQL' | 'freeze PostgreSQL'; ms: number }
  | { do: 'cut'; process: number; where: CutPlace; share: number }
  | { do: 'SQS'; fault: SqsFault; times: number };

/** Where a process is cut off from Redis: all its connections at once, or one inside a command it sends. */
export type CutPlace =
  | 'anywhere'
  | 'inside a bulk'
  | 'inside a record'
  | 'inside a completion'
  | 'inside a repair batch';

const CUT_PLACES: Record<Role, readonly CutPlace[]> = {
  all: ['anywhere', 'inside a bulk', 'inside a record', 'inside a completion'],
  bridge: ['anywhere', 'inside a bulk', 'inside a bulk'],
  worker: ['anywhere', 'inside a record', 'inside a completion'],
  quality: ['anywhere'],
  archiver: ['anywhere'],
  api: ['anywhere'],
};

export const SQS_FAULTS = [
  'delete answer lost',
  'delete refused',
  'delete refused in part',
  'delete hangs',
  'handles stale',
  'delivered again',
  'receive answer lost',
  'receive refused',
  'receive hangs',
] as const;
export type SqsFault = (typeof SQS_FAULTS)[number];

/** One schedule in so many: a cluster is six servers. */
const CLUSTER_EACH = 8;
const CLUSTER_PARTITIONS = 6;

/** All dated orders lie before it, so the day of the run holds the undated ones alone. */
const UNTIL = '2025-06-30';
const USERS = 12;
const OTHER_SEED = 0x5eed;
const HISTORY_SEED = 0xa7c41;
const QUALITY_SEED = 0x9a117;

const LAYOUTS: readonly (readonly Role[])[] = [
  ['bridge', 'worker', 'api'],
  ['bridge', 'worker', 'api'],
  ['bridge', 'worker', 'worker', 'api'],
  ['bridge', 'bridge', 'worker', 'api'],
  ['all'],
  ['all'],
  ['all', 'all'],
  ['all', 'all'],
];

const PARTS: Record<Role, readonly Part[]> = {
  // The API is asked twice or so in a schedule: an equal share of the deaths would mostly not happen.
  all: ['bridge', 'bridge', 'bridge', 'worker', 'worker', 'worker', 'api'],
  bridge: ['bridge'],
  worker: ['worker'],
  // They count nothing, and die at random alone.
  quality: [],
  archiver: [],
  api: ['api'],
};

/** The same seed gives the same schedule on any machine. What the processes make of it is up to their timing. */
export function makeSchedule(seed: number): Schedule {
  const random = createRandom(seed);
  const processes = random.pick(LAYOUTS);
  const onCluster = seed % CLUSTER_EACH === 0;
  const partitions = random.pick([1, 1, 3]);
  const settings = {
    onCluster,
    partitions: onCluster ? CLUSTER_PARTITIONS : partitions,
    // With none kept, BullMQ forgets a job's id at once, and the ledger alone recognises a redelivery.
    completedKeep: random.pick([0, 5, 100_000]),
    concurrency: random.pick([3, 10, 50]),
  };
  const lives = processes.map((role) => {
    const deaths = role === 'api' ? random.below(2) : random.below(3);
    return Array.from({ length: deaths }, () =>
      random.chance(0.85) ? drawPoint(random, PARTS[role]) : undefined,
    );
  });
  const steps = drawSteps(random, seed, processes);
  // A failover may undo what an operator did a moment ago, and no answer of Bull Board waits for replicas.
  const taken = onCluster ? steps.filter((step) => step.do !== 'operate') : steps;
  // That the master changes under load is what these are for.
  if (onCluster) taken.splice(Math.ceil(taken.length / 2), 0, failover(random));
  return withQuality(withHistory(withRepairs({ seed, settings, processes, lives, steps: taken })));
}

function drawSteps(random: Random, seed: number, processes: readonly Role[]): Step[] {
  const options = { users: USERS, seed, until: UNTIL };
  const count = 50 + random.below(70);
  const messages = [...generate({ ...options, count, invalid: 0.14, duplicates: 0.12 })];
  // Other options, so no order of these is among the others; the users are the same.
  const repairs = generate({ ...options, count: 1_000, invalid: 0, duplicates: 0 });

  const steps: Step[] = [];
  while (messages.length > 0) {
    steps.push({ do: 'send', messages: messages.splice(0, 1 + random.below(24)) });
    if (random.chance(0.6)) steps.push(drawFault(random, processes));
    if (random.chance(0.6)) steps.push({ do: 'pause', ms: random.below(350) });
    if (random.chance(0.35)) steps.push(drawOperation(random, repairs));
  }
  // One more at least when all has been sent: what is refused last is repaired as well.
  steps.push(drawOperation(random, repairs), drawFault(random, processes));
  return steps;
}

/**
 * The same with misprinted orders in what is sent, and with somebody who repairs them: in between, and once more at the
 * end, where something breaks while the run is under way. Draws of its own, so that a seed decides the same about
 * everything else as it did before there were runs.
 */
function withRepairs(schedule: Schedule): Schedule {
  const { seed, processes, lives, steps } = schedule;
  const random = createRandom(seed ^ OTHER_SEED);
  const messages = drawMisprints(random, { seed, users: USERS, until: UNTIL });
  const sends = steps.filter((step) => step.do === 'send').length;
  const each = Math.ceil(messages.length / sends);
  const woven = steps.flatMap((step): Step[] => {
    if (step.do !== 'send') return [step];
    const sent: Step = { do: 'send', messages: [...step.messages, ...messages.splice(0, each)] };
    return random.chance(0.15) ? [sent, drawRun(random)] : [sent];
  });
  const driver = processes.findIndex((role) => role === 'api' || role === 'all');
  const last: Step[] = [{ do: 'pause', ms: 2_000 }, drawRun(random)];
  for (let faults = 1 + random.below(3); faults > 0; faults -= 1)
    last.push({ do: 'pause', ms: 200 + random.below(1_500) }, drawRunFault(random, processes, driver));
  // In many of its lives, as one ends before a run comes.
  const dying = (life: readonly (CrashPoint | undefined)[], index: number) =>
    index === driver && random.chance(0.6)
      ? [drawRunPoint(random), ...life, drawRunPoint(random), drawRunPoint(random)]
      : life;
  return { ...schedule, steps: [...woven, ...last], lives: lives.map(dying) };
}

/**
 * The same with a history: an archiver where none is among the processes, at times two, and a PostgreSQL that breaks too. Draws
 * of its own again.
 */
function withHistory(schedule: Schedule): Schedule {
  const random = createRandom(schedule.seed ^ HISTORY_SEED);
  const added: Role[] = schedule.processes.includes('all') ? [] : ['archiver'];
  if (random.chance(0.3)) added.push('archiver');
  const processes = [...schedule.processes, ...added];
  const archivers = processes.flatMap((role, at) => (role === 'all' || role === 'archiver' ? [at] : []));
  const steps = schedule.steps.flatMap((step): Step[] =>
    random.chance(0.12) ? [step, drawHistoryFault(random, archivers)] : [step],
  );
  return { ...schedule, processes, lives: [...schedule.lives, ...added.map(() => [])], steps };
}

/** The same with the review of orders on, and with what takes its findings where it is no part of another process; it breaks too. */
function withQuality(schedule: Schedule): Schedule {
  const random = createRandom(schedule.seed ^ QUALITY_SEED);
  const added: Role[] = schedule.processes.includes('all') ? [] : ['quality'];
  const processes = [...schedule.processes, ...added];
  const process = processes.findIndex((role) => role === 'all' || role === 'quality');
  const fault = () =>
    random.pick<Fault>([
      { do: 'kill', process },
      { do: 'stop', process },
      { do: 'freeze', process, ms: 800 + random.below(2_700) },
      { do: 'cut', process, where: 'anywhere', share: 1 },
    ]);
  const steps = schedule.steps.flatMap((step): Step[] => (random.chance(0.08) ? [step, fault()] : [step]));
  return { ...schedule, processes, lives: [...schedule.lives, ...added.map(() => [])], steps };
}

function drawHistoryFault(random: Random, archivers: readonly number[]): Fault {
  const process = random.pick(archivers);
  return random.pick<Fault>([
    { do: 'kill PostgreSQL', ms: random.below(500) },
    { do: 'freeze PostgreSQL', ms: 100 + random.below(1_500) },
    { do: 'kill', process },
    { do: 'kill', process },
    { do: 'stop', process },
    { do: 'freeze', process, ms: 800 + random.below(2_700) },
    { do: 'cut', process, where: 'anywhere', share: 1 },
  ]);
}

/** Mostly of the process that drives the run. */
function drawRunFault(random: Random, processes: readonly Role[], driver: number): Fault {
  const process = random.chance(0.7) ? driver : random.below(processes.length);
  const share = random.pick([0.5, 1]);
  return random.pick<Fault>([
    { do: 'kill', process },
    { do: 'kill', process },
    { do: 'stop', process },
    { do: 'freeze', process, ms: 800 + random.below(2_700) },
    // For longer than it may be silent before another drives in its place.
    { do: 'freeze', process: driver, ms: 10_500 },
    { do: 'kill Redis', ms: random.below(500) },
    { do: 'freeze Redis', ms: 100 + random.below(1_200) },
    { do: 'cut', process, where: 'anywhere', share },
    { do: 'cut', process: driver, where: 'inside a repair batch', share },
    { do: 'cut', process: driver, where: 'inside a repair batch', share },
  ]);
}

function failover(random: Random): Fault {
  const odd = 1 + 2 * random.below(600);
  return { do: random.pick(['kill Redis', 'freeze Redis']), ms: odd };
}

function drawOperation(random: Random, repairs: Iterator<GeneratedMessage, void>): Step {
  const act = random.pick(['repair', 'repair', 'repair', 'repeat', 'spoil', 'retry'] as const);
  return {
    do: 'operate',
    act,
    pick: random.below(1_000),
    order: repairs.next().value as GeneratedMessage,
  };
}

function drawFault(random: Random, processes: readonly Role[]): Fault {
  const process = random.below(processes.length);
  const where = random.pick(CUT_PLACES[processes[process] as Role]);
  const kinds: (() => Fault)[] = [
    () => ({ do: 'kill', process }),
    () => ({ do: 'kill', process }),
    () => ({ do: 'stop', process }),
    // Past the lock of a worker's jobs and the visibility of a bridge's messages.
    () => ({ do: 'freeze', process, ms: 800 + random.below(2_700) }),
    () => ({ do: 'kill Redis', ms: random.below(500) }),
    () => ({ do: 'freeze Redis', ms: 100 + random.below(1_200) }),
    () => ({ do: 'cut', process, where, share: random.below(100) / 100 }),
    // The whole command arrives: it is the answer that gets lost.
    () => ({ do: 'cut', process, where, share: 1 }),
    () => ({ do: 'SQS', fault: random.pick(SQS_FAULTS), times: 1 + random.below(3) }),
    () => ({ do: 'SQS', fault: random.pick(SQS_FAULTS), times: 1 + random.below(3) }),
    () => ({ do: 'SQS', fault: random.pick(SQS_FAULTS), times: 1 + random.below(3) }),
  ];
  return random.pick(kinds)();
}

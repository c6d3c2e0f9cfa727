import type { RunCommand } from './kit/surroundings.ts';
import { commandRows } from './quality/commands.ts';

export interface CommandEntry {
  name: string;
  /** A few words for the list of commands; the command's own help says the rest. */
  summary: string;
  /** Of one that has the name of a role: what may stand behind it, for the help of the role. */
  commands?: readonly (readonly [use: string, does: string])[];
  /** Loaded when it is asked for only: a role must not pay for commands, nor a command for the others. */
  load: () => Promise<{ run: RunCommand }>;
}

/** What operators do beside the running product. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'keys', summary: 'create, list and revoke API keys', load: () => import('./keys/run.ts') },
  { name: 'people', summary: 'who may sign in, and as what', load: () => import('./people/run.ts') },
  {
    name: 'failed',
    summary: 'what has failed: causes, repair, retry, set aside',
    load: () => import('./failed/run.ts'),
  },
  {
    name: 'dead-letters',
    summary: 'what SQS gave up, and its way back to the inbox',
    load: () => import('./dead-letters/run.ts'),
  },
  {
    name: 'quality',
    summary: 'what the review of orders found, and what people say to it',
    commands: commandRows(),
    load: () => import('./quality/run.ts'),
  },
  { name: 'audit', summary: 'who changed what by hand', load: () => import('./audit/run.ts') },
  { name: 'send', summary: 'send sample orders or a file to the inbox', load: () => import('./send/run.ts') },
  {
    name: 'inspect',
    summary: 'judge the orders of a file: refusals, oddities, fixes',
    load: () => import('./inspect/run.ts'),
  },
  {
    name: 'concurrency',
    summary: 'how many orders each worker process takes in hand',
    load: () => import('./concurrency/run.ts'),
  },
  {
    name: 'doctor',
    summary: 'look at AWS, Redis, queues and disk, and say what to type',
    load: () => import('./doctor/run.ts'),
  },
  { name: 'verify', summary: 'recompute the stats and compare', load: () => import('./verify/run.ts') },
  {
    name: 'history',
    summary: 'the schema of the history, and whose it is',
    load: () => import('./history/run.ts'),
  },
  {
    name: 'erase',
    summary: 'remove a person, keep the sums',
    load: () => import('./erase/run.ts'),
  },
  {
    name: 'rebuild',
    summary: 'the stats in an empty Redis, from the history',
    load: () => import('./rebuild/run.ts'),
  },
  {
    name: 'repartition',
    summary: 'spread the users over another number of partitions',
    load: () => import('./repartition/run.ts'),
  },
];

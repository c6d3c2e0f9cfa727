import { CHAOS, type Edit, type Mutant } from './mutant.ts';

const told = 'this.#isSafe(batch)';

/** Without it, BullMQ no longer filters what is delivered again. */
export const noJobIds: Edit = {
  file: 'src/queue/orderQueues.ts',
  from: 'opts: { ...options, jobId: id }',
  to: `opts: { ...options, jobId: \`\${id}~\${Math.random()}\` }`,
};

/** From SQS to a job, and what becomes of the job. */
export const HAND_OVER: readonly Mutant[] = [
  {
    name: 'deleted from SQS before the job is added',
    edits: [
      {
        file: 'src/bridge/handOver/enqueuer.ts',
        from: 'const safe = await this.#add(lane, this.#byPartition(batch));',
        to: `${told};\n      const safe = await this.#add(lane, this.#byPartition(batch));`,
      },
      {
        file: 'src/bridge/handOver/enqueuer.ts',
        from: `if (safe && !this.#giveUp.signal.aborted) ${told};`,
        to: 'void safe;',
      },
    ],
    tests: ['test/bridge/redisCut.test.ts', 'test/bridge/redisAway.test.ts', CHAOS],
  },
  {
    name: 'a failed bulk add passes for done',
    edits: [
      {
        file: 'src/bridge/handOver/enqueuer.ts',
        from: 'await delay(RETRY_MS, undefined, { signal }).catch(() => {});',
        to: 'return true;',
      },
    ],
    tests: ['test/bridge/redisCut.test.ts', 'test/bridge/redisAway.test.ts', CHAOS],
  },
  {
    name: 'a connection lost before the confirmation passes for confirmed',
    edits: [
      {
        file: 'src/queue/durableQueues.ts',
        from: 'if (losses !== before) throw',
        to: 'if (losses < before) throw',
      },
    ],
    tests: ['test/promise.test.ts', 'test/bridge/replicas.test.ts'],
  },
  {
    name: 'only the first of a batch is deleted',
    edits: [
      {
        file: 'src/bridge/handOver/waiting.ts',
        from: 'messages.slice(from, to)',
        to: 'messages.slice(from, from + 1)',
      },
    ],
    tests: ['test/bridge/deliveries.test.ts', CHAOS],
  },
  {
    name: 'a message delivered again is dropped without being deleted',
    edits: [
      {
        file: 'src/bridge/sqs/inFlight.ts',
        from: 'const fresh = messages.filter(({ id, receiptHandle, body }) => {',
        to: 'const fresh = messages.filter(({ id, receiptHandle, body }) => {\n      if (this.#seen.has(id)) return false;\n      this.#seen.add(id);',
      },
      {
        file: 'src/bridge/sqs/inFlight.ts',
        from: '  #reserved = 0;',
        to: '  readonly #seen = new Set<string>();\n  #reserved = 0;',
      },
    ],
    tests: ['test/bridge/deliveries.test.ts', CHAOS],
  },
  {
    name: 'a message delivered again becomes a second job',
    edits: [noJobIds],
    tests: ['test/queue/orderQueues.test.ts', 'test/bridge/deliveries.test.ts', CHAOS],
  },
  {
    name: 'failed orders are dropped',
    edits: [
      {
        file: 'src/queue/orderQueues.ts',
        from: 'removeOnFail: failedRetentionDays === undefined ? false',
        to: 'removeOnFail: failedRetentionDays === undefined ? true',
      },
    ],
    tests: ['test/queue/orderQueues.test.ts', 'test/worker/orderWorkers.failures.test.ts', CHAOS],
  },
];

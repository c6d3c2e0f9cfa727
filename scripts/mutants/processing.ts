import { CHAOS, type Mutant } from './mutant.ts';

/** What a worker makes of a job. */
export const PROCESSING: readonly Mutant[] = [
  {
    name: 'two stalls end a job',
    edits: [
      {
        file: 'src/worker/orderWorkers.ts',
        from: 'maxStalledCount: Number.MAX_SAFE_INTEGER,',
        to: 'maxStalledCount: 1,',
      },
    ],
    tests: ['test/worker/orderWorkers.stalls.test.ts'],
  },
  {
    name: 'a fault that may pass fails for good',
    edits: [
      {
        file: 'src/worker/orderWorkers.ts',
        from: 'throw error instanceof InvalidOrder ? unrecoverable(error) : error;',
        to: 'throw unrecoverable(error as InvalidOrder);',
      },
    ],
    tests: ['test/worker/orderWorkers.failures.test.ts'],
  },
  {
    name: 'a job moved to another partition keeps its id',
    edits: [
      {
        file: 'src/worker/orderWorkers.ts',
        from: `=> \`\${jobId}~\${to.index}\`;`,
        to: `=> (to ? jobId : '');`,
      },
    ],
    tests: ['test/worker/orderWorkers.moves.test.ts'],
  },
  {
    name: 'an order of another partition is recorded where it is',
    edits: [
      {
        file: 'src/worker/processOrder.ts',
        from: 'if (home.index !== parts.partition.index) {',
        to: 'if (home.index < 0) {',
      },
    ],
    tests: ['test/worker/processOrder.test.ts'],
  },
  {
    name: 'recorded after the job has completed',
    edits: [
      {
        file: 'src/worker/processOrder.ts',
        from: 'const recorded = await parts.record(order);',
        to:
          'setTimeout(() => void parts.record(order).catch(() => {}), 20);\n' +
          "  const recorded = { outcome: 'counted' } as Awaited<ReturnType<RecordOrder>>;",
      },
    ],
    tests: ['test/worker/processOrder.test.ts', CHAOS],
  },
  {
    name: 'the outcome does not wait for the record',
    edits: [
      {
        file: 'src/worker/processOrder.ts',
        from: 'const recorded = await parts.record(order);',
        to:
          'const recording = parts.record(order);\n' +
          '  recording.catch(() => {});\n' +
          "  const first = { outcome: 'counted' } as Awaited<ReturnType<RecordOrder>>;\n" +
          '  const recorded = await Promise.race([recording, Promise.resolve().then(() => first)]);',
      },
    ],
    tests: ['test/worker/processOrder.test.ts', CHAOS],
  },
  {
    name: 'a conflict completes quietly',
    edits: [
      {
        file: 'src/worker/processOrder.ts',
        from: "if (recorded.outcome === 'conflict') throw conflict(order, recorded.recordedMinorUnits);",
        to: "if (recorded.outcome === 'conflict') return { outcome: 'duplicate' };",
      },
    ],
    tests: ['test/worker/processOrder.test.ts', CHAOS],
  },
];

import { openBridge } from './bridge.ts';
import type { Parts } from './parts.ts';
import { readingParts } from './reading.ts';
import { startWorkers } from './worker.ts';

/** Everything at once, for programs that start any role: the demo, benchmarks, tests. */
export const ALL_PARTS = { openBridge, startWorkers, readingParts } satisfies Parts;

import { apiParts } from './api.ts';
import { openArchiver } from './archiver.ts';
import { openBridge } from './bridge.ts';
import type { Parts } from './parts.ts';
import { startQuality } from './quality.ts';
import { startWorkers } from './worker.ts';

/** Everything at once, for programs that start any role: the demo, benchmarks, tests. */
export const ALL_PARTS = { openBridge, startWorkers, startQuality, openArchiver, apiParts } satisfies Parts;

import type { Role } from '../config/roles.ts';
import type { apiParts } from './api.ts';
import type { openBridge } from './bridge.ts';
import type { startQuality } from './quality.ts';
import type { startWorkers } from './worker.ts';

/** What only some roles start, and brings much along: the AWS SDK, Bull Board, the rules of orders. */
export interface Parts {
  openBridge?: typeof openBridge;
  startWorkers?: typeof startWorkers;
  startQuality?: typeof startQuality;
  apiParts?: typeof apiParts;
}

/** Loads what the role starts, and nothing of the others. */
export async function loadParts(role: Role): Promise<Parts> {
  const does = (part: Role) => role === 'all' || role === part;
  return {
    ...(does('bridge') ? { openBridge: (await import('./bridge.ts')).openBridge } : {}),
    ...(does('worker') ? { startWorkers: (await import('./worker.ts')).startWorkers } : {}),
    ...(does('quality') ? { startQuality: (await import('./quality.ts')).startQuality } : {}),
    ...(does('api') ? { apiParts: (await import('./api.ts')).apiParts } : {}),
  };
}

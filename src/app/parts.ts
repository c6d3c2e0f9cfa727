import type { Config } from '../config/config.ts';
import type { Role } from '../config/roles.ts';
import type { apiParts } from './api.ts';
import type { openArchiver } from './archiver.ts';
import type { openBridge } from './bridge.ts';
import type { startQuality } from './quality.ts';
import type { startWorkers } from './worker.ts';

/** What only some roles start, and brings much along: the AWS SDK, Bull Board, the rules of orders. */
export interface Parts {
  openBridge?: typeof openBridge;
  startWorkers?: typeof startWorkers;
  startQuality?: typeof startQuality;
  openArchiver?: typeof openArchiver;
  apiParts?: typeof apiParts;
}

/** Loads what the role starts, and nothing of the others; of the history only while one is kept. */
export async function loadParts(role: Role, { history }: Config): Promise<Parts> {
  const does = (part: Role) => role === 'all' || role === part;
  return {
    ...(does('bridge') ? { openBridge: (await import('./bridge.ts')).openBridge } : {}),
    ...(does('worker') ? { startWorkers: (await import('./worker.ts')).startWorkers } : {}),
    ...(does('quality') ? { startQuality: (await import('./quality.ts')).startQuality } : {}),
    ...(does('archiver') && history.on ? { openArchiver: (await import('./archiver.ts')).openArchiver } : {}),
    ...(does('api') ? { apiParts: (await import('./api.ts')).apiParts } : {}),
  };
}

import { ALL_PARTS } from '../../../src/app/allParts.ts';
import { startRole } from '../../../src/app/startRole.ts';
import { readConfig } from '../../../src/config/config.ts';
import type { Role } from '../../../src/config/roles.ts';
import { makeLogger } from '../../../src/runtime/logger.ts';
import { Services } from '../../../src/runtime/services.ts';
import { serveParent } from './child.ts';

/** The product in a process of its own, as a user would configure it. */
export type ProductRequest = { do: 'start'; role: Role; env: Record<string, string> } | { do: 'usage' };

/** What the process takes; CPU since it started. */
export interface Usage {
  rss: number;
  heapUsed: number;
  cpuMicroseconds: number;
}

serveParent(async (request: ProductRequest) => {
  if (request.do === 'usage') {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return { rss, heapUsed, cpuMicroseconds: user + system } satisfies Usage;
  }
  const config = readConfig(request.env);
  const logger = makeLogger(config.log);
  const { url } = await startRole(config, request.role, ALL_PARTS, logger, new Services(logger));
  return url;
});

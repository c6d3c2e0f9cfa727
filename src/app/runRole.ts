import closeWithGrace from 'close-with-grace';
import { ConfigError, readConfig, USES } from '../config/config.ts';
import type { Role } from '../config/roles.ts';
import { closeLogger, makeLogger } from '../runtime/logger.ts';
import { Services } from '../runtime/services.ts';
import { visibleLines } from '../runtime/visibleText.ts';
import { loadParts } from './parts.ts';
import { startRole } from './startRole.ts';

/** Exit codes of a role: it could not start, it stopped and left something, its configuration has problems. */
const EXIT = { cannotStart: 1, leftSomething: 1, misconfigured: 2 } as const;

/** docs/operate.md, "Memory". */
const LEAST_MEMORY_MB = 128;

/** Starts a role in this process, which ends when it is told to, or when the start is impossible. */
export async function runRole(role: Role): Promise<void> {
  const config = readConfigOrExit(role);
  const logger = makeLogger(config.log);
  for (const { name, nearest } of config.unknown)
    logger.warn('nothing reads this variable', { name, nearest });
  if (config.countsAsDevelopment !== undefined)
    logger.warn('this NODE_ENV counts as development', { NODE_ENV: config.countsAsDevelopment });
  const megabytes = Math.floor((process.constrainedMemory() ?? 0) / 1_048_576);
  if (megabytes > 0 && megabytes < LEAST_MEMORY_MB)
    logger.warn('this process may use less memory than it needs', { megabytes, needs: LEAST_MEMORY_MB });
  const services = new Services(logger);

  // Set before the start: a signal while it still waits for Redis must end the process as well. A second signal,
  // or the deadline, ends it at once; what was in hand is then delivered again.
  let stopping = false;
  closeWithGrace({ delay: config.shutdownTimeoutMs, logger: undefined }, async ({ signal, err }) => {
    stopping = true;
    if (err) logger.error('stopping after an unexpected error', { error: err.stack ?? err.message });
    else logger.info('stopping', { signal });
    const whole = await services.stop(config.shutdownTimeoutMs);
    logger.info('stopped');
    await closeLogger(logger);
    // The exit code says that something was left: it is delivered again, or ends with the process.
    if (!whole) process.exit(EXIT.leftSomething);
  });

  try {
    await startRole(config, role, await loadParts(role, config), logger, services);
  } catch (error) {
    // A stop takes its parts from a start under way: how that ends is for the stop to say.
    if (stopping) return;
    logger.error('cannot start', { error: (error as Error).message });
    await services.stop(config.shutdownTimeoutMs);
    await closeLogger(logger);
    process.exit(EXIT.cannotStart);
  }
}

function readConfigOrExit(role: Role) {
  try {
    return readConfig(undefined, USES[role]);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(visibleLines(error.message));
    process.exit(EXIT.misconfigured);
  }
}

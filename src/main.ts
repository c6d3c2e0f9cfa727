import closeWithGrace from 'close-with-grace';
import { startApp } from './app/startApp.ts';
import { ConfigError, ROLES, type Role, readConfig, USES } from './config/config.ts';
import { closeLogger, makeLogger } from './runtime/logger.ts';
import { Services } from './runtime/services.ts';

const USAGE = `Usage: order-pipeline [${ROLES.join('|')}]`;

async function main(): Promise<void> {
  const role = readRole(process.argv.slice(2));
  const config = readConfig(undefined, USES[role]);
  const logger = makeLogger(config.log);
  for (const { name, nearest } of config.unknown)
    logger.warn('nothing reads this variable', { name, nearest });

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
    if (!whole) process.exit(1);
  });

  try {
    await startApp(config, role, logger, services);
  } catch (error) {
    // A stop takes its parts from a start under way: how that ends is for the stop to say.
    if (stopping) return;
    logger.error('cannot start', { error: (error as Error).message });
    await services.stop(config.shutdownTimeoutMs);
    await closeLogger(logger);
    process.exit(1);
  }
}

function readRole(args: string[]): Role {
  const [role = 'all', ...rest] = args;
  if (rest.length === 0 && (ROLES as readonly string[]).includes(role)) return role as Role;
  console.error(`Unknown argument ${JSON.stringify([role, ...rest].join(' '))}. ${USAGE}`);
  process.exit(2);
}

main().catch((error: unknown) => {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(2);
});

import { ConfigError } from '../../config/config.ts';
import { isOfRedis } from '../../store/redisFaults.ts';
import { NoRedis } from './openRedis.ts';

/** What a user can mend and one line says all about: a command that cannot run, and why. */
export class CannotRun extends Error {}

/** Faults of the configuration or of Redis, and refusals of ours: their message is all there is to say. */
export function isMendable(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (
    error instanceof ConfigError || error instanceof NoRedis || error instanceof CannotRun || isOfRedis(error)
  );
}

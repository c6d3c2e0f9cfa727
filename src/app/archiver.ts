import type { Logger } from 'winston';
import { type Archiver, startArchiver } from '../history/archiver.ts';
import type { HistoryTarget } from '../history/target.ts';
import type { LaneStart } from './lanes.ts';

export interface ArchiverStart extends LaneStart {
  target: HistoryTarget;
  logger: Logger;
}

/** What is slower is given up and tried again: a connection that died quietly would never say anything. */
const COMMAND_MS = 10_000;

/** Starts carrying what counted into PostgreSQL. A PostgreSQL that is away is waited for, and /health says so. */
export async function openArchiver(parts: ArchiverStart): Promise<Archiver> {
  const { target, config, connect, partitions, now, troubles, logger, services, durabilityOf } = parts;
  const archiver = startArchiver({
    target,
    redis: connect('fail_fast', 'archive', { commandTimeout: COMMAND_MS }),
    partitions,
    durability: await durabilityOf(config.durability),
    now,
    troubles,
    logger,
  });
  services.add({ name: 'archiver', stop: archiver.stop });
  logger.info('archiver started', { partitions: config.partitions });
  return archiver;
}

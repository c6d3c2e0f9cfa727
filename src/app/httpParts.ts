import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import type { ReadingParts } from '../http/app.ts';
import type { HealthDetails } from '../http/health.ts';
import type { OrderQueues } from '../queue/orderQueues.ts';
import type { Services } from '../runtime/services.ts';
import type { Troubles } from '../runtime/troubles.ts';
import type { Partitions } from '../store/partitions.ts';
import type { Connect } from './connecting.ts';

export interface HttpParts {
  config: Config;
  logger: Logger;
  services: Services;
  connect: Connect;
  partitions: Partitions;
  queues: () => OrderQueues | undefined;
  details: HealthDetails;
  troubles: Troubles;
  isStarted: () => boolean;
  /** Of roles that serve the stats and the operators' pages. */
  readingParts: ((parts: HttpParts, redis: Redis | Cluster) => ReadingParts) | undefined;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'winston';
import { ALL_PARTS } from '../../src/app/allParts.ts';
import { startRole } from '../../src/app/startRole.ts';
import type { HandOverHealth } from '../../src/bridge/handOver/handOver.ts';
import type { SqsHealth } from '../../src/bridge/sqs/sqsSource.ts';
import type { Config } from '../../src/config/config.ts';
import type { Role } from '../../src/config/roles.ts';
import { Services } from '../../src/runtime/services.ts';
import type { Trouble } from '../../src/runtime/troubles.ts';
import { until } from '../support/until.ts';

/** What GET /health says of a bridge from SQS. */
export type BridgeHealth = SqsHealth & HandOverHealth;

/** One process of the product, except that it runs in this one. */
export interface RunningApp {
  /** The status of GET /health, and what is wrong. */
  health(): Promise<{ status: string; troubles: Trouble[] }>;
  /** What GET /health says of its bridge. */
  bridge(): Promise<BridgeHealth>;
  untilBridge(condition: (bridge: BridgeHealth) => boolean, what: string): Promise<void>;
  /** Resolves once its bridge holds nothing and has so many places free. */
  atRest(places: number): Promise<void>;
  /** As on SIGTERM. */
  stop(): Promise<void>;
}

/** Asking as often as `until` looks would be much of what a test does. */
const ASK_EVERY_MS = 40;

export async function runApp(config: Config, role: Role, logger: Logger): Promise<RunningApp> {
  const services = new Services(logger);
  // A start that fails leaves nothing open.
  const { url } = await startRole(config, role, ALL_PARTS, logger, services).catch(async (error) => {
    await services.stop();
    throw error;
  });
  const health = async () => {
    const response = await fetch(`${url}/health`);
    return (await response.json()) as { status: string; troubles: Trouble[]; bridge: BridgeHealth };
  };
  const bridge = async () => (await health()).bridge;
  const untilBridge: RunningApp['untilBridge'] = (condition, what) =>
    until(async () => {
      if (condition(await bridge())) return true;
      await delay(ASK_EVERY_MS);
      return false;
    }, what);
  let stopped = false;
  return {
    health,
    bridge,
    untilBridge,
    async atRest(places) {
      if (stopped || role === 'worker') return;
      await untilBridge(
        ({ in_flight, free_places }) => in_flight === 0 && free_places === places,
        `the bridge holds nothing and has its ${places} places back`,
      );
    },
    async stop() {
      stopped = true;
      await services.stop();
    },
  };
}

import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import type { Role } from '../config/roles.ts';
import type { Services } from '../runtime/services.ts';
import { version } from '../runtime/version.ts';
import type { Traces } from '../telemetry/traces/traces.ts';

/** Loads what writes spans; to be called before all that writes any, so that it is stopped after them. */
export async function openTraces(
  settings: NonNullable<Config['traces']>,
  role: Role,
  logger: Logger,
  services: Services,
): Promise<Traces> {
  const { otlpTraces } = await import('../telemetry/traces/otlpTraces.ts');
  const traces = otlpTraces({ ...settings, role, version: version() }, logger);
  services.add({ name: 'traces', stop: traces.stop });
  logger.info('traces', { to: settings.url, service: settings.serviceName });
  return traces;
}

import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Engine } from './engine.ts';
import { holds } from './holds.ts';

const run = promisify(execFile);
const PROJECT = 'order-pipeline-rig';
const API = 'http://127.0.0.1:8000';
const ORDERS = 300;
const POLL_MS = 100;
const HEALTH_MS = 5_000;
/** Building, starting a LocalStack, and a restart after a kill. */
const LONGEST_MS = 300_000;
const PRODUCT = ['bridge', 'worker', 'api'] as const;

/**
 * The compose file as a newcomer runs it: all its services, orders sent by the product's own command, each service killed
 * the hard way in between. Throws at the first thing that is not so; says each that is.
 */
export async function checkCompose(engine: Engine): Promise<void> {
  const { compose, end } = await composeOf(engine);
  const idOf = async (service: string) => (await compose('ps', '--all', '--quiet', service)).trim();
  const pidOf = async (service: string) =>
    Number(engine.run('inspect', '--format', '{{.State.Pid}}', await idOf(service)));
  const counted = async () => {
    const answer = await fetch(`${API}/stats/global`).catch(() => undefined);
    return answer?.ok ? ((await answer.json()) as { total_orders: number }).total_orders : undefined;
  };
  const reaches = (orders: number) =>
    until(`${orders} orders count`, async () => (await counted()) === orders);
  let sent = 0;
  /** Again while the inbox cannot be reached, of which the command says so before it has sent anything. */
  const send = async () => {
    await until('the inbox answers', () =>
      sendOnce().catch((error: { stderr?: string }) => {
        if (error.stderr?.includes('no SQS answers')) return false;
        throw error;
      }),
    );
  };
  const sendOnce = async () => {
    const report = await compose(
      'exec',
      '-T',
      'api',
      'order-pipeline',
      'send',
      '--count',
      String(ORDERS),
      '--json',
    );
    sent += (JSON.parse(report) as { counted: { orders: number } }).counted.orders;
    return true;
  };
  try {
    await compose('up', '--detach', '--build');
    await until(
      'the API is ready',
      async () => (await fetch(`${API}/health/ready`).catch(() => undefined))?.ok,
    );
    for (const service of [...PRODUCT, 'redis', 'localstack']) {
      holds(`${service} runs`, (await pidOf(service)) !== 0);
    }
    await send();
    await reaches(sent);
    holds(`the ${sent} orders that "order-pipeline send" sent count once each`, true);

    for (const service of [...PRODUCT, 'redis']) {
      const before = await pidOf(service);
      await send();
      // Told to the engine, a kill would count as a wish to have it stopped.
      process.kill(before, 'SIGKILL');
      await until(`${service} comes again`, async () => {
        const pid = await pidOf(service);
        return pid !== 0 && pid !== before;
      });
      await reaches(sent);
      holds(
        `${service} killed while orders come: it is back by itself, and all ${sent} count once each`,
        true,
      );
    }
    const before = await pidOf('localstack');
    process.kill(before, 'SIGKILL');
    await until('LocalStack answers again', async () => {
      const pid = await pidOf('localstack');
      if (pid === 0 || pid === before) return false;
      return (await fetch('http://127.0.0.1:4566/_localstack/health').catch(() => undefined))?.ok;
    });
    await send();
    await reaches(sent);
    holds(`LocalStack killed, which keeps nothing: the bridge has an inbox again, ${sent} count`, true);

    const began = performance.now();
    await compose('stop');
    const codes: string[] = [];
    for (const service of PRODUCT) {
      codes.push(engine.run('inspect', '--format', '{{.State.ExitCode}}', await idOf(service)));
    }
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    holds(
      `all stop by themselves within ${seconds} s, the product with 0`,
      codes.every((code) => code === '0'),
    );
  } catch (error) {
    console.error(await compose('logs', '--tail', '20'));
    throw error;
  } finally {
    await compose('down', '--volumes', '--remove-orphans');
    end();
  }
}

async function until(what: string, is: () => Promise<boolean | undefined>): Promise<void> {
  const latest = Date.now() + LONGEST_MS;
  while (!(await is())) {
    if (Date.now() > latest) throw new Error(`not so within ${LONGEST_MS / 1_000} s: ${what}`);
    await delay(POLL_MS);
  }
}

const COMPOSE_PROGRAMS = [
  { command: 'docker', first: ['compose'] },
  { command: 'docker-compose', first: [] },
];

/** podman leaves health checks to systemd's timers, which not every machine has: one more does no harm. */
function checkHealth(engine: Engine): void {
  const running = engine.run('ps', '--quiet', '--filter', `label=com.docker.compose.project=${PROJECT}`);
  for (const id of running.split('\n').filter(Boolean)) {
    spawn(engine.name, ['healthcheck', 'run', id], { stdio: 'ignore' });
  }
}

type Compose = (...args: string[]) => Promise<string>;

/** Of whichever compose program is here. With podman it speaks to a socket that is opened for it. */
async function composeOf(engine: Engine): Promise<{ compose: Compose; end(): void }> {
  const there = COMPOSE_PROGRAMS.find(
    ({ command, first }) => spawnSync(command, [...first, 'version'], { stdio: 'ignore' }).status === 0,
  );
  if (!there) throw new Error('There is no docker compose and no docker-compose here.');
  const { command, first } = there;
  const env = { ...process.env };
  let end = () => {};
  if (engine.name === 'podman') {
    const folder = mkdtempSync(join(tmpdir(), 'order-pipeline-compose-'));
    const socket = `unix://${join(folder, 'podman.sock')}`;
    const service = spawn('podman', ['system', 'service', '--time=0', socket], { stdio: 'ignore' });
    const health = setInterval(() => checkHealth(engine), HEALTH_MS);
    end = () => {
      clearInterval(health);
      service.kill();
      rmSync(folder, { recursive: true, force: true });
    };
    env.DOCKER_HOST = socket;
  }
  const compose: Compose = async (...args) => {
    const whole = [...first, '--project-name', PROJECT, ...args];
    const { stdout } = await run(command, whole, { env, maxBuffer: 64 * 1_048_576 });
    return stdout;
  };
  await until('the engine answers', () => {
    return compose('ps').then(
      () => true,
      () => false,
    );
  });
  return { compose, end };
}

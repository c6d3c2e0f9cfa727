import { COMMANDS } from '../../src/cli/program.ts';
import { type Container, startContainer } from './container.ts';
import type { Engine } from './engine.ts';
import { holds } from './holds.ts';
import { startStores } from './stores.ts';

const ORDERS = 2_000;
/** The image may grow by what it needs; more than this beyond its base is looked at by somebody. */
const MOST_MB_OVER_BASE = 60;
const GIVEN = ['ADMIN_PASSWORD=', 'AWS_SECRET_ACCESS_KEY='];

/** Throws at the first thing that is not so; says each that is. */
export async function checkImage(engine: Engine, image: string, base: string): Promise<void> {
  const once = (...command: string[]) =>
    engine.run(
      'run',
      '--rm',
      '--network=host',
      '--entrypoint',
      command[0] as string,
      image,
      ...command.slice(1),
    );

  const grown = megabytesOf(engine, image) - megabytesOf(engine, base);
  holds(`the image is ${grown.toFixed(0)} MB over its base`, grown < MOST_MB_OVER_BASE);
  holds(
    'it runs as a user that owns nothing of it',
    once('id', '-u') === '1000' && writable(once) === '/app/.data',
  );
  holds(
    'no compiler and no test is in it',
    once('ls', '/app') === 'dist\nnode_modules\npackage.json\nsbom.json',
  );
  const help = once('order-pipeline', '--help');
  holds(
    'every command is in it',
    COMMANDS.every(({ name }) => help.includes(`  ${name} `)),
  );

  const stores = await startStores();
  const running: Container[] = [];
  const start = async (role: 'bridge' | 'worker' | 'api', more: string[] = []) => {
    const container = await startContainer(engine, image, role, env, more);
    running.push(container);
    return container;
  };
  const env = { REDIS_URL: stores.redisUrl, QUEUE_NAME: 'orders', ...stores.sqs };
  try {
    const [bridge, worker, api] = [await start('bridge'), await start('worker'), await start('api')];
    holds('three roles start on a disk that they cannot write', await allReady(running));
    await stores.fill(ORDERS);
    const counted = async () =>
      ((await (await fetch(`${api.url}/stats/global`)).json()) as { total_orders: number }).total_orders;
    while ((await counted()) < ORDERS / 4);
    worker.kill();
    bridge.kill();
    await start('bridge');
    await start('worker');
    while ((await counted()) < ORDERS);
    holds(
      `${ORDERS} orders count once each, with worker and bridge killed in the middle`,
      (await counted()) === ORDERS,
    );
    const keys = engine.run('exec', api.id, 'order-pipeline', 'keys', 'list', '--json');
    holds('a command runs beside a role', keys === '[]');
    holds(
      'it logs lines of JSON',
      api
        .logs()
        .split('\n')
        .every((line) => line.startsWith('{')),
    );
    const [inspected] = JSON.parse(engine.run('inspect', api.id)) as [{ Config: { Env: string[] } }];
    const secrets = inspected.Config.Env.filter((line) => /^\w*(SECRET|PASSWORD|TOKEN)/.test(line));
    holds(
      'it holds no secret but what it was given',
      secrets.length === GIVEN.length && GIVEN.every((name) => secrets.some((line) => line.startsWith(name))),
    );
    const began = performance.now();
    engine.run('stop', '--time', '30', api.id);
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    holds(`it stops by itself when told to, with 0, within ${seconds} s`, api.state().exitCode === 0);
    const small = await start('worker', ['--memory=112m', '--memory-swap=112m']);
    await small.ready();
    holds('it says when it has too little memory', small.logs().includes('less memory than it needs'));
  } finally {
    for (const container of running) container.remove();
    await stores.stop();
  }
}

const megabytesOf = (engine: Engine, image: string): number =>
  Number(engine.run('image', 'inspect', '--format', '{{.Size}}', image)) / 1e6;

const writable = (once: (...command: string[]) => string): string =>
  once('find', '/app', '-writable', '-not', '-type', 'l');

async function allReady(containers: readonly Container[]): Promise<boolean> {
  return (await Promise.all(containers.map((each) => each.ready()))).every(Boolean);
}

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { freePort } from '../support/freePort.ts';
import { type Manifest, manifestsIn, type Pod, podsOf } from '../support/manifests.ts';
import { type Container, LOGIN, runContainer } from './container.ts';
import type { Engine } from './engine.ts';
import { holds } from './holds.ts';
import { startStores } from './stores.ts';

const MANIFESTS = 'deploy/kubernetes/order-pipeline.yaml';
/** With the Job that verifies, which the plain manifests leave out. */
const EVERYTHING = 'test/deploy/everything.yaml';
const ORDERS = 5_000;
const POLL_MS = 50;

type PodContainer = Pod['containers'][number];

interface Probe {
  httpGet: { path: string; port: string };
  periodSeconds: number;
  failureThreshold: number;
  timeoutSeconds?: number;
}

/**
 * Every pod of the rendered manifests as a kubelet would start it: its arguments, variables, probes, limits and grace,
 * with orders flowing through them. Throws at the first thing that is not so.
 */
export async function checkPods(engine: Engine, image: string): Promise<void> {
  const manifests = manifestsIn(readFileSync(MANIFESTS, 'utf8'));
  const stores = await startStores();
  const secrets: Record<string, string> = {
    'redis-url': stores.redisUrl,
    'admin-user': LOGIN.ADMIN_USER,
    'admin-password': LOGIN.ADMIN_PASSWORD,
    'metrics-token': 'token-of-the-rig',
  };
  // What a cluster has and this machine has not: AWS behind its own address, and an identity from the platform.
  const surroundings = { SQS_QUEUE_URL: stores.queueUrl, ...stores.sqs };
  const started: Container[] = [];
  const partition = makePartitions(1).all[0] as Partition;
  const counted = async () =>
    Number(await stores.redis.hget(statsKeys(partition).global, 'total_orders')) || 0;
  try {
    const pods = [];
    for (const { of, pod } of podsOf(manifests)) {
      const [described] = pod.containers as [PodContainer];
      const { options, portOf } = await asKubernetesStarts(pod, described, manifests, secrets, surroundings);
      const container = runContainer(engine, image, options);
      started.push(container);
      pods.push({ of, pod, container, described, portOf });
    }
    for (const { of, container, described, portOf } of pods) {
      for (const name of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        const probe = described[name] as Probe;
        const url = `http://127.0.0.1:${portOf(probe.httpGet.port)}${probe.httpGet.path}`;
        holds(`${of}: its ${name} succeeds at ${probe.httpGet.path}`, await succeeds(probe, url, container));
      }
    }
    await stores.fill(ORDERS);
    const [api] = pods.filter(({ described }) => described.args[0] === 'api');
    const figures: number[] = [];
    while ((await counted()) < ORDERS) {
      if (pods.some(({ container }) => !container.state().running)) throw new Error('not so: all pods live');
      figures.push(await askedByKeda(`http://127.0.0.1:${api?.portOf('health')}/queue`));
      await delay(POLL_MS);
    }
    holds(`${ORDERS} orders count once each`, (await counted()) === ORDERS);
    const most = Math.max(...figures);
    holds(
      `what KEDA asks was answered without a key each of ${figures.length} times meanwhile, with ${most} at most`,
      most > 0 && most <= ORDERS,
    );

    const [job] = podsOf(manifestsIn(readFileSync(EVERYTHING, 'utf8'))).filter(({ pod }) =>
      pod.containers.some(({ args }) => args[0] === 'verify'),
    );
    const [verify] = job?.pod.containers ?? [];
    const ended = engine.run('exec', api?.container.id as string, 'order-pipeline', ...(verify?.args ?? []));
    holds('the Job verifies the stats', ended.includes(`${ORDERS.toLocaleString('en')} orders`));

    for (const { of, pod, container } of pods) {
      const seconds = pod.terminationGracePeriodSeconds ?? 0;
      engine.run('stop', '--time', String(seconds), container.id);
      const { exitCode, killedForMemory } = container.state();
      holds(
        `${of}: ends with 0 within its grace of ${seconds} s, in the memory it is given`,
        exitCode === 0 && !killedForMemory,
      );
    }
    holds('no job is left behind', (await stores.redis.llen(`${partition.tag}:${ORDER_QUEUE}:active`)) === 0);
  } catch (error) {
    for (const { id } of started) spawnSync(engine.name, ['logs', '--tail', '20', id], { stdio: 'inherit' });
    throw error;
  } finally {
    for (const container of started) container.remove();
    await stores.stop();
  }
}

/**
 * On this machine's network, so ports are others than in the cluster: `portOf` knows the one in place of a named one.
 * Throws when a variable's source is not there or a port is not where the container listens.
 */
async function asKubernetesStarts(
  pod: Pod,
  described: PodContainer,
  manifests: readonly Manifest[],
  secrets: Record<string, string>,
  surroundings: Record<string, string>,
) {
  const env: Record<string, string> = {};
  for (const { configMapRef } of described.envFrom) {
    const map = manifests.find(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name,
    );
    if (!map?.data) throw new Error(`not so: a ConfigMap ${configMapRef.name} is rendered`);
    Object.assign(env, map.data);
  }
  for (const { name, value, valueFrom } of described.env) {
    const given = value ?? secrets[valueFrom?.secretKeyRef.key ?? ''];
    if (given === undefined) throw new Error(`not so: ${name} has a value`);
    env[name] = given;
  }
  const ports = new Map<string, number>();
  for (const variable of ['PORT', 'HEALTH_PORT']) {
    const listens = Number(env[variable] ?? (variable === 'PORT' ? 8_000 : 0));
    if (listens === 0) continue;
    const named = described.ports?.find(({ containerPort }) => containerPort === listens);
    if (!named) throw new Error(`not so: ${variable} ${listens} is a port of the container`);
    const here = await freePort();
    ports.set(named.name, here);
    env[variable] = String(here);
  }
  const memory = /^(\d+)Mi$/.exec(described.resources.limits.memory ?? '')?.[1];
  if (memory === undefined) throw new Error('not so: it has a limit of memory');
  const { runAsUser, runAsGroup } = pod.securityContext as { runAsUser: number; runAsGroup: number };
  const { readOnlyRootFilesystem } = described.securityContext as { readOnlyRootFilesystem: boolean };
  return {
    options: {
      args: described.args,
      env: { ...env, ...surroundings },
      flags: [
        `--user=${runAsUser}:${runAsGroup}`,
        `--memory=${memory}m`,
        `--memory-swap=${memory}m`,
        '--cap-drop=ALL',
        '--security-opt=no-new-privileges',
        ...(readOnlyRootFilesystem ? ['--read-only'] : []),
      ],
      url: `http://127.0.0.1:${ports.get('health')}`,
    },
    portOf: (name: string) => ports.get(name),
  };
}

/** The formula of the ScaledObject. Throws unless it is answered within KEDA's three seconds. */
async function askedByKeda(url: string): Promise<number> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  if (!answer.ok) throw new Error(`not so: ${url} answers, got ${answer.status}`);
  const { waiting, active } = (await answer.json()) as { waiting: number; active: number };
  return waiting + active;
}

/** Within the time after which a kubelet would give it up. */
async function succeeds(probe: Probe, url: string, container: Container): Promise<boolean> {
  const until = Date.now() + probe.periodSeconds * probe.failureThreshold * 1_000;
  const signal = () => AbortSignal.timeout((probe.timeoutSeconds ?? 1) * 1_000);
  while (Date.now() < until && container.state().running) {
    const answer = await fetch(url, { signal: signal() }).catch(() => undefined);
    if (answer?.ok) return true;
    await delay(POLL_MS);
  }
  return false;
}

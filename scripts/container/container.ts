import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Role } from '../../src/config/roles.ts';
import { freePort } from '../support/freePort.ts';
import type { Engine } from './engine.ts';

/** One container of the image. The network is this machine's, so that it reaches servers on loopback. */
export interface Container {
  id: string;
  url: string;
  /** How it is, or how it ended. */
  state(): { running: boolean; exitCode: number; killedForMemory: boolean };
  /** Of its first process, from its start on; undefined once it has ended. */
  usage(): { cpuSeconds: number; mostMegabytes: number } | undefined;
  logs(): string;
  /** As a machine that loses its power: nothing of it has a last word. */
  kill(): void;
  /** Resolves as soon as it is ready to work; false when it ended before. */
  ready(): Promise<boolean>;
  remove(): void;
}

const POLL_MS = 50;
/** A second in /proc, on every Linux of today. */
const TICKS = 100;

/** Starts a role as a cautious platform would: a disk that cannot be written, no capabilities. */
export async function startContainer(
  engine: Engine,
  image: string,
  role: Role,
  env: Record<string, string>,
  more: readonly string[] = [],
): Promise<Container> {
  const port = String(await freePort());
  return runContainer(engine, image, {
    args: [role],
    env: { HOST: '127.0.0.1', PORT: port, STATS_API: 'open', ...LOGIN, ...env },
    flags: ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', ...more],
    url: `http://127.0.0.1:${port}`,
  });
}

export interface ContainerOptions {
  args: readonly string[];
  env: Record<string, string>;
  flags: readonly string[];
  /** Where its health is answered. */
  url: string;
}

export function runContainer(
  engine: Engine,
  image: string,
  { args, env, flags, url }: ContainerOptions,
): Container {
  const id = engine.run(
    ...['run', '--detach', '--network=host', ...flags],
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...[image, ...args],
  );
  const container: Container = {
    id,
    url,
    state() {
      const [{ State: state }] = JSON.parse(engine.run('inspect', id)) as [
        { State: { Running: boolean; ExitCode: number; OOMKilled: boolean } },
      ];
      return { running: state.Running, exitCode: state.ExitCode, killedForMemory: state.OOMKilled };
    },
    usage() {
      const pid = engine.run('inspect', '--format', '{{.State.Pid}}', id);
      try {
        const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
        const [user, system] = (fields[0] ?? '').split(' ').slice(11, 13).map(Number);
        const [, most] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
        return { cpuSeconds: ((user ?? 0) + (system ?? 0)) / TICKS, mostMegabytes: Number(most) / 1_024 };
      } catch {
        return undefined;
      }
    },
    logs: () => engine.run('logs', id),
    async ready() {
      for (;;) {
        const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
        if (answer?.ok) return true;
        if (!container.state().running) return false;
        await delay(POLL_MS);
      }
    },
    kill: () => engine.run('kill', '--signal=KILL', id),
    remove: () => engine.run('rm', '--force', id),
  };
  return container;
}

export const LOGIN = { ADMIN_USER: 'rig', ADMIN_PASSWORD: 'a password of the rig' };

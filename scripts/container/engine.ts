import { spawnSync } from 'node:child_process';

/** What builds and runs images here. */
export interface Engine {
  name: 'docker' | 'podman';
  /** Runs it to its end; stdout without the space around. Throws with what it said otherwise. */
  run(...args: string[]): string;
}

/** The first that answers: a docker without its daemon is none. */
export function findEngine(): Engine | undefined {
  const name = (['docker', 'podman'] as const).find(
    (each) => spawnSync(each, ['info'], { stdio: 'ignore', timeout: 20_000 }).status === 0,
  );
  if (name === undefined) return undefined;
  return {
    name,
    run(...args) {
      const { status, stdout, stderr, error } = spawnSync(name, args, {
        encoding: 'utf8',
        maxBuffer: 64 * 1_048_576,
      });
      if (status === 0) return stdout.trim();
      throw new Error(`${name} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
    },
  };
}

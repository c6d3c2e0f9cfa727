import { Writable } from 'node:stream';
import type { Surroundings } from '../../src/cli/kit/surroundings.ts';

/** Runs a command in this process, as the command line would, and gives what it printed. */
export async function runCommand(
  command: (args: readonly string[], around: Surroundings) => Promise<number>,
  args: string | readonly string[],
  env: Record<string, string>,
  signal?: AbortSignal,
) {
  const [out, err] = [screen(), screen()];
  const around = { env, stdout: out.stream, stderr: err.stream, ...(signal && { signal }) };
  const words = typeof args === 'string' ? args.split(' ').filter(Boolean) : args;
  const code = await command(words, around);
  return { code, stdout: out.text(), stderr: err.text() };
}

/** A stream that keeps what is written. */
export function screen() {
  let shown = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      shown += chunk;
      done();
    },
  });
  return { stream, text: () => shown };
}

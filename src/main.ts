#!/usr/bin/env node
import { COMMANDS, type CommandEntry } from './cli/program.ts';
import { ROLES, type Role } from './config/roles.ts';
import { version } from './runtime/version.ts';
import { visibleLines } from './runtime/visibleText.ts';

/*
 * argv → a role or a command. Nothing else is loaded here: `--help` is there at once, a command brings only what it
 * needs, and so does a role.
 */

const MISUSE = 2;

async function main([word, ...rest]: string[]): Promise<void> {
  const command = COMMANDS.find(({ name }) => name === word);
  if (word === undefined) return startRole('all', rest);
  // A role takes no operands, so one behind its name means the command that has the same.
  if (isRole(word) && !(command && rest.some((each) => !each.startsWith('-')))) return startRole(word, rest);
  if (['--help', '-h', 'help'].includes(word)) {
    process.stdout.write(help());
    return;
  }
  if (['--version', '-v'].includes(word)) {
    console.log(version());
    return;
  }
  if (command) return runCommand(command, rest);
  const roles = Object.keys(ROLES).join('|');
  const commands = COMMANDS.map(({ name }) => name).join('|');
  misuse(
    `There is no role or command ${JSON.stringify(word)}: the roles are ${roles}, the commands ${commands}; see --help`,
  );
}

const isRole = (word: string): word is Role => Object.hasOwn(ROLES, word);

async function startRole(role: Role, rest: string[]): Promise<void> {
  if (rest.includes('--help') || rest.includes('-h')) {
    const command = COMMANDS.find(({ name }) => name === role);
    const also = command
      ? `  order-pipeline ${role} COMMAND, beside it: ${command.summary}\n\n${list(command.commands ?? [])}\n`
      : '';
    console.log(`${ROLES[role].does}\n\n  order-pipeline ${role}\n${also}\n${ROLE_NOTES}`);
    return;
  }
  if (rest.length > 0) return misuse(`unexpected argument ${JSON.stringify(rest.join(' '))}`);
  const stopListening = endWhenStopped();
  const { runRole } = await import('./app/runRole.ts');
  const running = runRole(role);
  // It listens itself from its first moment on, and one signal is heard by one of the two.
  stopListening();
  await running;
}

/** Loading takes a second, and the first process of a container hears no signal that it does not listen to. */
function endWhenStopped(): () => void {
  const end = (signal: NodeJS.Signals) => {
    console.error(`${signal}: stopped before it had started`);
    process.exit();
  };
  const signals = ['SIGTERM', 'SIGINT'] as const;
  for (const signal of signals) process.once(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}

async function runCommand(command: CommandEntry, args: string[]): Promise<void> {
  const stop = new AbortController();
  // Only the first Ctrl-C is caught: a second one ends the process as usual.
  process.once('SIGINT', () => stop.abort());
  // Whoever reads what is printed may have seen enough: `order-pipeline keys list | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  const { run } = await command.load();
  process.exitCode = await run(args, {
    env: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
  });
}

function misuse(problem: string): void {
  console.error(visibleLines(problem));
  process.exitCode = MISUSE;
}

function help(): string {
  const roles = Object.entries(ROLES).map(([name, { does }]) => [name, does] as const);
  const commands = COMMANDS.map(({ name, summary }) => [name, summary] as const);
  const width = Math.max(...[...roles, ...commands].map(([name]) => name.length));
  return `Order events from Amazon SQS through BullMQ into exact, queryable totals.

  order-pipeline [ROLE]
  order-pipeline COMMAND [OPTIONS]
  order-pipeline ROLE|COMMAND --help
  order-pipeline --version

Roles, each in any number of processes; without one, all:
${list(roles, width)}

Commands:
${list(commands, width)}

Everything is configured by environment variables: docs/configuration.md lists them.
Exit code: 0 done, 1 the answer is no, 2 wrong use or nothing to work with, 3 inconclusive, 130 stopped.
`;
}

function list(
  rows: readonly (readonly [string, string])[],
  width = Math.max(...rows.map(([name]) => name.length)),
): string {
  return rows.map(([name, does]) => `  ${name.padEnd(width)}  ${does}`).join('\n');
}

const ROLE_NOTES = `Configured by environment variables alone: docs/configuration.md lists them. SIGTERM and SIGINT stop it in two
phases; a second signal ends it at once, and what was in hand is delivered again.

Exit code: 0 stopped when asked to, 1 it could not start, 2 the configuration has problems.`;

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

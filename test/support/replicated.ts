import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { takePort } from '../../src/embedded/keptPort.ts';
import { otherUser, postgresPrograms } from '../../src/embedded/postgresPrograms.ts';
import type { HistoryTarget } from '../../src/history/target.ts';
import { until } from './until.ts';

export interface ReplicatedPostgres {
  primary: HistoryTarget;
  /** Follows the primary by streaming, takes no writes until `promote`. */
  standby: HistoryTarget;
  /** One statement, on either. */
  sql(at: HistoryTarget, text: string): Promise<Record<string, unknown>[]>;
  /** Resolves when the standby gets nothing any more: what the primary commits from here on, it lacks. */
  cutOff(): Promise<void>;
  /** Kills the primary and makes the standby take writes. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** A PostgreSQL and its standby, both real. */
export async function startReplicatedPostgres(): Promise<ReplicatedPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-replicated-'));
  chmodSync(dir, 0o711);
  const programs = postgresPrograms() as string;
  const user = otherUser();
  const servers: ChildProcess[] = [];
  const folder = (name: string) => {
    const made = join(dir, name);
    mkdirSync(made, { mode: 0o700 });
    if (user) chownSync(made, user.uid, user.gid);
    return made;
  };
  const program = (name: string, args: string[]) => {
    const { status, stderr } = spawnSync(join(programs, name), args, { cwd: '/', encoding: 'utf8', ...user });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
  };
  const clients = new Map<number, Client>();
  const sql = async ({ port }: HistoryTarget, text: string) => {
    let client = clients.get(port);
    if (!client) {
      client = new Client({ host: '127.0.0.1', port, user: 'owner', database: 'postgres' });
      client.on('error', () => {});
      await client.connect();
      clients.set(port, client);
    }
    return (await client.query(text)).rows;
  };
  const serve = async (data: string): Promise<HistoryTarget> => {
    const port = await takePort(dir);
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'shared_buffers=16MB'];
    const server = spawn(
      join(programs, 'postgres'),
      ['-D', data, '-p', String(port), ...settings.flatMap((each) => ['-c', each])],
      { stdio: 'ignore', cwd: '/', ...user },
    );
    servers.push(server);
    const target = { host: '127.0.0.1', port, user: 'owner', database: 'postgres', tls: false } as const;
    await until(() => sql(target, 'SELECT').then(Boolean, () => false), 'PostgreSQL answers');
    return target;
  };
  const [first, second] = [folder('first'), folder('second')];
  program('initdb', ['-D', first, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']);
  const primary = await serve(first);
  const from = ['-h', primary.host, '-p', String(primary.port), '-U', primary.user];
  program('pg_basebackup', [...from, '-D', second, '-R', '-c', 'fast', '--no-sync']);
  const standby = await serve(second);
  return {
    primary,
    standby,
    sql,
    async cutOff() {
      await sql(standby, "ALTER SYSTEM SET primary_conninfo = ''");
      await sql(standby, 'SELECT pg_reload_conf()');
      await until(
        async () => (await sql(primary, 'SELECT FROM pg_stat_replication')).length === 0,
        'the standby is cut off',
      );
    },
    async failOver() {
      const ended = once(servers[0] as ChildProcess, 'exit');
      servers[0]?.kill('SIGKILL');
      await ended;
      await sql(standby, 'SELECT pg_promote()');
    },
    async stop() {
      await Promise.all([...clients.values()].map((client) => client.end().catch(() => {})));
      for (const server of servers) {
        if (server.exitCode !== null || server.signalCode !== null) continue;
        server.kill('SIGQUIT');
        await once(server, 'exit');
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

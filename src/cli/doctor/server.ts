import type { Cluster, Redis } from 'ioredis';
import type { Config } from '../../config/config.ts';
import { checkPermissions, checkRedis } from '../../store/checkRedis.ts';
import { masters } from '../../store/connections.ts';
import { chooseDurability } from '../../store/durability.ts';
import { type Info, readInfo, serverName } from '../../store/info.ts';
import { permissionsKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { either, type Finding, good, lookAt } from './finding.ts';

const PINGS = 20;
const SLOW_MS = 5;
const SKEWED_MS = 5_000;
const FULL = 0.8;

/** Whether the promise can be kept on this Redis, and how far it is from trouble. Every master is asked. */
export async function serverFindings(
  redis: Redis | Cluster,
  partition: Partition,
  config: Pick<Config, 'durability'> & { memoryShare: number },
): Promise<Finding[]> {
  const servers = masters(redis);
  const each = await Promise.all(servers.map((server) => findingsOf(server, config.memoryShare)));
  return [
    ...(await lookAt(
      'redis',
      async () => {
        await checkRedis(redis);
        return [];
      },
      { level: 'bad', type: 'redis-cli CONFIG SET maxmemory-policy noeviction' },
    )),
    ...(await lookAt(
      'redis rights',
      async () => {
        await checkPermissions(redis, permissionsKey(partition));
        return [good('redis rights', 'every command that is needed may be run')];
      },
      { level: 'bad', type: 'the ACL SETUSER line of docs/operate.md, "Redis: ACL"' },
    )),
    ...(await lookAt('durability', () => durability(redis, config.durability), {
      level: 'bad',
      type: 'set DURABILITY to what this Redis can give',
    })),
    ...each.flat(),
  ];
}

async function durability(redis: Redis | Cluster, asked: Config['durability']): Promise<Finding[]> {
  const { level, why, warning } = await chooseDurability(redis, asked);
  const wrong = level === 'memory' || warning !== undefined;
  return [
    either(
      'durability',
      wrong,
      {
        level: 'look',
        says: warning ?? `a power cut may lose what the last second acknowledged: ${why}`,
        type: 'redis-cli CONFIG SET appendonly yes, and the same in its configuration file',
      },
      `${level}: ${why}`,
    ),
  ];
}

async function findingsOf(server: Redis, memoryShare: number): Promise<Finding[]> {
  const info = await readInfo(server, 'server', 'memory', 'persistence');
  const { host = '', port } = server.options;
  return [
    good('redis', `${serverName(info)} at ${host}:${port}, maxmemory-policy ${info.get('maxmemory_policy')}`),
    persistence(info),
    memory(info, memoryShare),
    ...(await times(server)),
  ];
}

function persistence(info: Info): Finding {
  const failing = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'].filter(
    (field) => (info.get(field) ?? 'ok') !== 'ok',
  );
  return either(
    'persistence',
    failing.length > 0,
    {
      level: 'bad',
      says: `Redis says ${failing.map((field) => `${field}:${info.get(field)}`).join(', ')}`,
      type: 'df -h on its machine: its disk is full or broken',
    },
    'what Redis writes to disk is written',
  );
}

function memory(info: Info, memoryShare: number): Finding {
  const of = (field: string) => Number(info.get(field) ?? 0);
  const [used, limit, machine] = [of('used_memory'), of('maxmemory'), of('total_system_memory')];
  const type = 'redis-cli CONFIG SET maxmemory BYTES, below what its machine has';
  if (limit === 0) {
    const says = `there is no maxmemory: at ${megabytes(machine)} of its machine the kernel ends Redis`;
    return {
      about: 'redis memory',
      level: used > FULL * machine && machine > 0 ? 'bad' : 'look',
      says,
      type,
    };
  }
  const share = used / limit;
  const says = `${Math.round(share * 100)} % of ${megabytes(limit)} are used`;
  const level = share > memoryShare ? 'bad' : 'look';
  return either('redis memory', share > FULL, { level, says, type }, says);
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;

/** Ways to Redis and back, and how far its clock is from this one. */
async function times(server: Redis): Promise<Finding[]> {
  const trips: number[] = [];
  let skew = 0;
  for (let ping = 0; ping < PINGS; ping += 1) {
    const began = performance.now();
    const [seconds, microseconds] = await server.time();
    const trip = performance.now() - began;
    trips.push(trip);
    skew = Date.now() - trip / 2 - (Number(seconds) * 1_000 + Number(microseconds) / 1_000);
  }
  const median = trips.sort((a, b) => a - b)[PINGS / 2] as number;
  return [
    either(
      'latency',
      median > SLOW_MS,
      {
        level: 'look',
        says: `an answer of Redis takes ${median.toFixed(1)} ms: every order waits for some`,
        type: 'redis-cli --latency from here, and redis-cli SLOWLOG GET',
      },
      `an answer of Redis takes ${median.toFixed(1)} ms`,
    ),
    either(
      'clock',
      Math.abs(skew) > SKEWED_MS,
      {
        level: 'look',
        says: `this clock and that of Redis are ${Math.round(Math.abs(skew) / 1_000)} s apart`,
        type: 'timedatectl on both machines',
      },
      `this clock and that of Redis are ${Math.round(Math.abs(skew))} ms apart`,
    ),
  ];
}

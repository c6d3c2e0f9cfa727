import type { Redis } from 'ioredis';

type Section = 'server' | 'memory' | 'persistence' | 'replication';

/** What a server says of itself by INFO: the value by its field. What it does not know is not there. */
export type Info = ReadonlyMap<string, string>;

export async function readInfo(server: Redis, ...sections: readonly Section[]): Promise<Info> {
  const texts = await Promise.all(sections.map((section) => server.info(section)));
  const lines = texts.flatMap((text) => text.split(/\r?\n/));
  return new Map(
    lines
      .map((line) => [line, line.indexOf(':')] as const)
      .filter(([, colon]) => colon > 0)
      .map(([line, colon]) => [line.slice(0, colon), line.slice(colon + 1)]),
  );
}

/** What the server is, as `Redis 7.4.1` or `Valkey 8.1.1`: the latter gives as redis_version the Redis it can stand in for. */
export function serverName(info: Info): string {
  const valkey = info.get('valkey_version');
  return valkey === undefined ? `Redis ${info.get('redis_version') ?? ''}`.trim() : `Valkey ${valkey}`;
}

/** Whether the server is of this version or a newer one. */
export function isFrom(info: Info, [major, minor]: readonly [major: number, minor: number]): boolean {
  const [hasMajor = 0, hasMinor = 0] = (info.get('redis_version') ?? '').split('.').map(Number);
  return hasMajor > major || (hasMajor === major && hasMinor >= minor);
}

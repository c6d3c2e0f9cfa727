import { expect, it } from '@jest/globals';
import { serverName } from '../../src/store/info.ts';

it('a server is called what it is, whatever Redis it can stand in for', () => {
  const redis = [['redis_version', '7.4.1']] as const;
  const valkey = [
    ['redis_version', '7.2.4'],
    ['server_name', 'valkey'],
    ['valkey_version', '8.1.1'],
  ] as const;
  expect(serverName(new Map(redis))).toBe('Redis 7.4.1');
  expect(serverName(new Map(valkey))).toBe('Valkey 8.1.1');
});

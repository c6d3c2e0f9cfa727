import { describe, expect, it } from '@jest/globals';
import { isAway, isFull, isOfRedis, leadsNoMore, mayPass } from '../../src/store/redisFaults.ts';

const OOM = "OOM command not allowed when used memory > 'maxmemory'.";

/** Which of the questions are answered with yes. */
const verdict = (error: unknown): string[] =>
  Object.entries({ isAway, isFull, mayPass, leadsNoMore, isOfRedis })
    .filter(([, asks]) => asks(error))
    .map(([name]) => name);

const AWAY = ['isAway', 'mayPass', 'isOfRedis'];

describe('a fault of Redis', () => {
  it.each([
    'Connection is closed.',
    "Stream isn't writeable and enableOfflineQueue options is false",
    "Cluster isn't ready and enableOfflineQueue options is false",
    'Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest" option for details.',
    'Command timed out',
    'Too many Cluster redirections. Last error: Error: x',
    'No master of the Redis Cluster is known at present',
    'None of startup nodes is available',
    'connect ECONNREFUSED 127.0.0.1:6379',
    'write EPIPE',
    'LOADING Redis is loading the dataset in memory',
    'CLUSTERDOWN The cluster is down',
    'MISCONF Redis is configured to save RDB snapshots',
    'NOREPLICAS Not enough good replicas to write.',
    'BUSY Redis is busy running a script.',
    '-LOADING Redis is loading the dataset in memory',
  ])('that passes is waited for and answered with 503: %s', (message) => {
    expect(verdict(new Error(message))).toEqual(AWAY);
  });

  it.each(['READONLY You can’t write against a read only replica.', '-READONLY of an older server’s script'])(
    'that says that a master leads no more makes the connection anew: %s',
    (message) => {
      expect(verdict(new Error(message))).toEqual(['isAway', 'mayPass', 'leadsNoMore', 'isOfRedis']);
    },
  );

  it('that it is full is waited for, although it answers reads', () => {
    expect(verdict(new Error(OOM))).toEqual(['isFull', 'mayPass']);
    expect(verdict(Object.assign(new Error(OOM), { name: 'ReplyError' }))).toEqual([
      'isFull',
      'mayPass',
      'isOfRedis',
    ]);
  });

  it('is seen behind an error that says how far something came before it', () => {
    const cause = new Error('Connection is closed.');
    expect(verdict(new Error('12 of 20 orders were retried', { cause }))).toEqual(AWAY);
  });

  it.each([
    'NOAUTH Authentication required.',
    "NOPERM this user has no permissions to run the 'eval' command",
    'the order BUSY-1 is unknown',
    'OOMPH',
  ])('that does not pass by itself is not waited for: %s', (message) => {
    expect(verdict(new Error(message))).toEqual([]);
  });

  it('is nothing that was thrown without a message', () => {
    for (const thrown of [undefined, null, 'LOADING', { cause: null }]) expect(verdict(thrown)).toEqual([]);
  });
});

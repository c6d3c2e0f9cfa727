import { expect, it } from '@jest/globals';
import { Enqueuer } from '../../src/bridge/handOver/enqueuer.ts';
import type { OnSafe } from '../../src/bridge/source.ts';
import { makePartitions } from '../../src/store/partitions.ts';

it('tells each push of its own messages, though they travel together, and one function once', async () => {
  const story: string[][] = [];
  const enqueuer = new Enqueuer(
    { idCase: 'upper', envelope: 'auto', maxBodyBytes: 262_144 },
    {
      lanes: [
        {
          async add([bulk]) {
            story.push(['added', ...(bulk?.jobs ?? []).map(({ id }) => id)]);
          },
        },
      ],
      partitions: makePartitions(1),
      onEnqueued: (count) => story.push([`${count} in all`]),
      onAdd: () => {},
      onError: ({ message }) => story.push([message]),
    },
  );
  const telling = (name: string): OnSafe => {
    return (ids) => story.push([name, ...ids]);
  };
  const push = (onSafe: OnSafe, ...ids: string[]) =>
    enqueuer.push(
      ids.map((id) => ({ id, body: '{}', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 })),
      onSafe,
      true,
    );
  const first = telling('first');
  const second = telling('second');
  push(first, 'a', 'b');
  push(first, 'c');
  push(second, 'd');
  push(first, 'e');
  await enqueuer.drained(60_000);
  expect(story).toEqual([
    ['added', 'a', 'b', 'c', 'd', 'e'],
    ['first', 'a', 'b', 'c'],
    ['second', 'd'],
    ['first', 'e'],
    ['5 in all'],
  ]);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batchesOf, bodyProblem } from '../../src/cli/send/batches.ts';
import { type SendReport, SendStopped, sendMessages } from '../../src/cli/send/send.ts';
import { type Clock, createPacer } from '../../src/cli/send/sendBatch.ts';
import { clientAt, type LocalSqs, startLocalSqs } from '../support/localSqs.ts';

/** Time that passes only by waiting. */
function manualClock(): Clock & { waits: number[]; at: number } {
  const clock = {
    at: 0,
    waits: [] as number[],
    now: () => clock.at,
    sleep: async (ms: number) => {
      clock.waits.push(ms);
      clock.at += ms;
    },
  };
  return clock;
}

const bodies = (count: number) => Array.from({ length: count }, (_, at) => ({ body: `{"at":${at}}` }));
const sorted = (texts: readonly string[]) => [...texts].sort();

describe('populate, sending', () => {
  let sqs: LocalSqs;
  beforeAll(async () => {
    sqs = await startLocalSqs();
  });
  afterAll(() => sqs.stop());

  describe('sending', () => {
    it('delivers every message once, as it is', async () => {
      const url = await sqs.queue('inbox-1');
      const messages = [...bodies(237), { body: 'not JSON\t\n"ü€😀' }];
      const seen: SendReport[] = [];
      const report = await sendMessages(sqs.client, url, messages, {
        onProgress: (now) => seen.push({ ...now }),
      });
      expect(report).toEqual({ sent: 238, unsent: 0, problems: [] });
      expect(seen).toHaveLength(24);
      expect(seen.at(-1)).toEqual(report);
      expect(sorted(await sqs.receiveAll(url))).toEqual(sorted(messages.map(({ body }) => body)));
    });

    it('reports what SQS would refuse and delivers the rest', async () => {
      const url = await sqs.queue('inbox-2');
      const messages = [
        { body: 'one' },
        { body: '', label: 'line 2' },
        { body: 'a\u0000b' },
        { body: 'x'.repeat(1_048_577) },
        { body: '\ud800' },
        { body: 'two' },
      ];
      expect(await sendMessages(sqs.client, url, messages)).toEqual({
        sent: 2,
        unsent: 4,
        problems: [
          'line 2: SQS takes no empty message',
          'message 3: SQS takes no character U+0000, found at position 2',
          'message 4: 1,048,577 bytes, SQS takes 1,048,576 at most',
          'message 5: SQS takes no character U+D800, found at position 1',
        ],
      });
      expect(sorted(await sqs.receiveAll(url))).toEqual(['one', 'two']);
    });

    it('delivers a message of 1 MiB', async () => {
      const url = await sqs.queue('inbox-3');
      const body = 'x'.repeat(1_048_576);
      expect(await sendMessages(sqs.client, url, [{ body: 'small' }, { body }])).toMatchObject({ sent: 2 });
      expect((await sqs.receiveAll(url)).map((text) => text.length).sort()).toEqual([1_048_576, 5]);
    });

    it('delivers exact re-sends through a FIFO queue, each group in order', async () => {
      const url = await sqs.queue('order.fifo');
      const messages = Array.from({ length: 30 }, (_, at) => ({ body: `${at % 15}`, group: 'U0001' }));
      expect(await sendMessages(sqs.client, url, messages)).toMatchObject({ sent: 30, unsent: 0 });
      expect(await sqs.receiveAll(url)).toEqual(messages.map(({ body }) => body));
    });

    it('takes no more messages once it is stopped, and reports those sent', async () => {
      const url = await sqs.queue('inbox-4');
      const stopping = new AbortController();
      const sent: string[] = [];
      const report = await sendMessages(sqs.client, url, bodies(1000), {
        signal: stopping.signal,
        onSent: ({ body }) => sent.push(body),
        onProgress: () => stopping.abort(),
      });
      expect(report.sent).toBeLessThan(1000);
      expect(sorted(await sqs.receiveAll(url))).toEqual(sorted(sent));
      expect(sent).toHaveLength(report.sent);
    });

    it('stops with what was sent when the messages themselves cannot be read on', async () => {
      const url = await sqs.queue('inbox-5');
      const broken = (function* () {
        yield* bodies(25);
        throw new Error('the disk is gone');
      })();
      const error = await sendMessages(sqs.client, url, broken).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SendStopped);
      expect(error).toMatchObject({ report: { sent: 20 }, cause: { message: 'the disk is gone' } });
    });

    it('stops when nothing answers', async () => {
      const gone = await startLocalSqs();
      gone.stop();
      const client = clientAt(gone.port);
      const error = await sendMessages(client, 'http://localhost/1/none', bodies(500)).catch(
        (e: unknown) => e,
      );
      expect(error).toMatchObject({ name: 'SendStopped', report: { sent: 0 } });
      expect(String((error as SendStopped).cause)).toMatch('ECONNREFUSED');
      client.destroy();
    });
  });

  describe('an entry that SQS fails', () => {
    it('is sent again, alone, when it was no fault of ours', async () => {
      const url = await sqs.queue('inbox-6');
      const flaky = await sqs.flaky((body, time) =>
        body.includes('7') && time < 3 ? { Code: 'InternalError', SenderFault: false } : undefined,
      );
      const clock = manualClock();
      const report = await sendMessages(flaky.client, url, bodies(10), { clock });
      expect(report).toEqual({ sent: 10, unsent: 0, problems: [] });
      expect(flaky.batches.slice(1)).toEqual([['{"at":7}'], ['{"at":7}']]);
      expect(clock.waits).toHaveLength(2);
      expect(clock.waits[1]).toBeGreaterThan(150);
      expect(await sqs.receiveAll(url)).toHaveLength(10);
    });

    it('is given up after six attempts and named', async () => {
      const url = await sqs.queue('inbox-7');
      const flaky = await sqs.flaky((body) =>
        body.includes('7') ? { Code: 'InternalError', SenderFault: false } : undefined,
      );
      expect(await sendMessages(flaky.client, url, bodies(10), { clock: manualClock() })).toEqual({
        sent: 9,
        unsent: 1,
        problems: ['message 8: SQS refused it after 6 attempts: InternalError, as told'],
      });
      expect(flaky.batches).toHaveLength(6);
      expect(await sqs.receiveAll(url)).toHaveLength(9);
    });

    it('is not sent again when it was our fault', async () => {
      const url = await sqs.queue('inbox-8');
      const flaky = await sqs.flaky((body) =>
        body.includes('7') ? { Code: 'InvalidMessageContents', SenderFault: true } : undefined,
      );
      expect(await sendMessages(flaky.client, url, bodies(10))).toMatchObject({
        sent: 9,
        problems: ['message 8: SQS refused it: InvalidMessageContents, as told'],
      });
      expect(flaky.batches).toHaveLength(1);
    });
  });

  describe('the rate', () => {
    it('is kept without drift when every wait takes longer than asked', async () => {
      const clock = manualClock();
      const late = { ...clock, now: () => clock.at, sleep: (ms: number) => clock.sleep(ms + 3) };
      const pace = createPacer(500, late);
      for (let batch = 0; batch < 1001; batch += 1) await pace(10);
      expect(clock.at).toBeGreaterThanOrEqual(20_000);
      expect(clock.at).toBeLessThan(20_010);
    });

    it('catches up a second after a stall, not more', async () => {
      const clock = manualClock();
      const pace = createPacer(100, clock);
      await pace(10);
      clock.at = 60_000;
      for (let batch = 0; batch < 20; batch += 1) await pace(10);
      expect(clock.at).toBeCloseTo(60_900);
    });

    it('spreads a low rate over small batches', async () => {
      const url = await sqs.queue('inbox-9');
      const through = await sqs.flaky(() => undefined);
      const clock = manualClock();
      await sendMessages(through.client, url, bodies(6), { rate: 20, clock, parallel: 1 });
      expect(through.batches.map((batch) => batch.length)).toEqual([2, 2, 2]);
      expect(clock.waits.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(200);
    });
  });
});

describe('batches', () => {
  it('hold ten messages or 256 KiB, and a longer message travels alone', async () => {
    const sizes = [...Array(12).fill(1), 200, 100, 300, 1];
    const messages = sizes.map((kib) => ({ body: 'x'.repeat(kib * 1024) }));
    const batches: number[][] = [];
    for await (const batch of batchesOf(messages, { entries: 10, bytes: 256 * 1024 }, () => undefined)) {
      batches.push(batch.map(({ message }) => message.body.length / 1024));
    }
    expect(batches).toEqual([Array(10).fill(1), [1, 1, 200], [100], [300], [1]]);
  });
});

it.each([
  ['tab, line breaks and every plane', '\t\n\r ~\u0085\ud7ff\ue000\ufffd😀', undefined],
  ['bytes, not characters', '€'.repeat(349_526), '1,048,578 bytes, SQS takes 1,048,576 at most'],
  ['a noncharacter', 'ab\uffff', 'SQS takes no character U+FFFF, found at position 3'],
])('a body is checked for %s', (_, body, problem) => {
  expect(bodyProblem(body)).toBe(problem);
});

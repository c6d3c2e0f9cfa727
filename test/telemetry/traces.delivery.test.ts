import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { otlpTraces } from '../../src/telemetry/traces/otlpTraces.ts';
import type { Traces } from '../../src/telemetry/traces/traces.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { until } from '../support/until.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlpReceiver.ts';

/** So many go at once. */
const BATCH = 512;

describe('spans', () => {
  let receiver: OtlpReceiver;
  let traces: Traces;
  let log: { level: string; message: string; dropped?: number; because?: string }[];

  beforeEach(async () => {
    receiver = await startOtlpReceiver();
    const { logger, lines } = collectingLogger();
    log = [];
    logger.on('data', () => {
      log = lines.map((line) => JSON.parse(line));
    });
    traces = otlpTraces(
      { url: `${receiver.endpoint}/v1/traces`, serviceName: 'orders', version: '1', role: 'all' },
      logger,
    );
  });
  afterEach(async () => {
    await traces.stop();
    await receiver.stop();
  });

  const write = (count: number) => {
    for (let left = count; left > 0; left -= 1)
      traces.begin('work', { kind: 'client', parent: undefined }).end({});
  };
  const untilLogged = (message: string) =>
    until(() => log.some((line) => line.message === message), `the log says: ${message}`);

  it('that nobody takes are told of once, and once more when they are taken again', async () => {
    receiver.answer(400);
    for (const batches of [1, 2, 3]) {
      write(BATCH);
      await until(() => receiver.batches.length === batches, 'a batch has come');
    }
    receiver.answer(200);
    write(BATCH);
    await untilLogged('spans are delivered again');
    expect(log).toEqual([
      { level: 'warn', message: 'spans are dropped', because: 'Bad Request' },
      { level: 'info', message: 'spans are delivered again', dropped: 3 * BATCH },
    ]);
  });

  it('are dropped while too many wait, and as many as is said', async () => {
    receiver.answer(undefined);
    write(10_000);
    await untilLogged('spans are dropped');
    receiver.answer(200);
    await untilLogged('spans are delivered again');
    await traces.stop();
    const [{ dropped = 0 } = {}] = log.filter((line) => line.dropped !== undefined);
    expect(dropped).toBeGreaterThan(BATCH);
    expect(receiver.spans()).toHaveLength(10_000 - dropped);
  });

  it('that nobody has taken when the process stops are told of, once', async () => {
    receiver.answer(undefined);
    write(BATCH + 1);
    await traces.stop();
    expect(log).toEqual([
      {
        level: 'warn',
        message: 'spans are dropped',
        because: 'the receiver had not taken them when the process stopped',
      },
    ]);
  });
});

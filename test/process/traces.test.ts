import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type OtlpReceiver, startOtlpReceiver } from '../telemetry/otlpReceiver.ts';
import { makeProducts, type Products } from './product.ts';

let products: Products;
let receiver: OtlpReceiver;

beforeEach(async () => {
  products = makeProducts();
  receiver = await startOtlpReceiver();
});
afterEach(async () => {
  await products.stop();
  await receiver.stop();
});

/** The packages of the SDK that a process had loaded when it ended, and what it printed; the API alone is part of others. */
async function runWith(env: Record<string, string>): Promise<{ loaded: string[]; output: string }> {
  const list = join(products.dataDir, 'loaded');
  const product = await products.start(['api'], {
    ...env,
    LOADED_MODULES: list,
    NODE_OPTIONS: '--import ./test/process/loadedModules.mjs',
  });
  await product.ready();
  await (await fetch(`${product.url}/stats/global`)).arrayBuffer();
  product.signal('SIGTERM');
  expect(await product.exited).toBe(0);
  const packages = readFileSync(list, 'utf8').matchAll(/@opentelemetry\/([\w-]+)/g);
  const loaded = [...new Set([...packages].map(([, name]) => name as string))];
  return { loaded: loaded.filter((name) => name !== 'api'), output: product.output() };
}

it("the SDK of OpenTelemetry is loaded with an OTLP endpoint, and the exporter's headers go along", async () => {
  const { loaded, output } = await runWith({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.endpoint}/here`,
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=hunter2',
    OTEL_SERVICE_NAME: 'shop',
  });
  expect(loaded).toEqual(expect.arrayContaining(['sdk-trace', 'exporter-trace-otlp-http']));
  expect(receiver.batches).toEqual([
    expect.objectContaining({ path: '/here', headers: expect.objectContaining({ 'api-key': 'hunter2' }) }),
  ]);
  expect(receiver.spans()).toEqual([
    expect.objectContaining({
      name: 'GET /stats/global',
      resource: expect.objectContaining({ 'service.name': 'shop', 'order_pipeline.role': 'api' }),
    }),
  ]);
  expect(output).toContain(`${receiver.endpoint}/here`);
  expect(output).not.toContain('hunter2');
});

it('nothing of it is loaded without one', async () => {
  expect((await runWith({})).loaded).toEqual([]);
});

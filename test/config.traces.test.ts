import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../src/config/config.ts';

describe('traces', () => {
  it.each([
    ['below the endpoint of everything', 'http://collector:4318', 'http://collector:4318/v1/traces'],
    ['below its path', 'https://collector.example/otlp/', 'https://collector.example/otlp/v1/traces'],
  ])('go %s', (_, endpoint, url) => {
    expect(readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).traces).toEqual({
      url,
      serviceName: 'order-pipeline',
    });
  });

  it('go to an endpoint of their own as it stands, whatever the other says', () => {
    const { traces } = readConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/here',
      OTEL_SERVICE_NAME: 'shop',
    });
    expect(traces).toEqual({ url: 'http://collector:4318/here', serviceName: 'shop' });
  });

  it('are off without either, whatever else is set', () => {
    const set = { OTEL_SERVICE_NAME: 'shop', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=hunter2' };
    expect(readConfig(set).traces).toBeUndefined();
  });

  it('are sampled by a name and a share that the SDK knows', () => {
    const set = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' };
    expect(() => readConfig(set)).not.toThrow();
    expect(() => readConfig({ OTEL_TRACES_SAMPLER: 'some' })).toThrow(/OTEL_TRACES_SAMPLER must be one of/);
    expect(() => readConfig({ OTEL_TRACES_SAMPLER_ARG: '2' })).toThrow(/must be a number from 0 to 1/);
  });

  it('keep what their receiver wants to see to themselves', () => {
    expect(() => readConfig({ OTEL_EXPORTER_OTLP_HEADERS: '"api-key=hunter2"' })).toThrow(
      /OTEL_EXPORTER_OTLP_HEADERS has quotes around its value, got \*\*\*/,
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import {
  readAwsTraceHeader,
  readTraceparent,
  writeTraceparent,
} from '../../src/telemetry/traces/traceContext.ts';

const TRACE = '5759e988bd862e3fe1be46a994272793';
const SPAN = '53995c3f42cd8ad8';
const sampled = { traceId: TRACE, spanId: SPAN, isSampled: true };
const notSampled = { ...sampled, isSampled: false };

describe('a traceparent', () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, sampled],
    [`00-${TRACE}-${SPAN}-00`, notSampled],
    [`00-${TRACE}-${SPAN}-03`, sampled],
    [`01-${TRACE}-${SPAN}-01-what-comes`, sampled],
  ])('is read: %s', (text, context) => {
    expect(readTraceparent(text)).toEqual(context);
  });

  it.each([sampled, notSampled])('is read as it was written: %j', (context) => {
    expect(readTraceparent(writeTraceparent(context))).toEqual(context);
  });

  it.each([
    '',
    'hello',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01x`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  ])('is none: %s', (text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });
});

describe("the AWS SDK's header", () => {
  const ROOT = 'Root=1-5759e988-bd862e3fe1be46a994272793';

  it.each([
    [`${ROOT};Parent=${SPAN};Sampled=1`, sampled],
    [`${ROOT};Parent=${SPAN};Sampled=0`, notSampled],
    [`Sampled=1; Parent=${SPAN}; Lineage=a:0; ${ROOT}`, sampled],
  ])('is read: %s', (text, context) => {
    expect(readAwsTraceHeader(text)).toEqual(context);
  });

  it.each([
    '',
    'hello;=;;',
    ROOT,
    `${ROOT};Sampled=1`,
    `${ROOT};Parent=${SPAN}`,
    `${ROOT};Parent=${SPAN};Sampled=?`,
    `${ROOT};Parent=${SPAN};Sampled=11`,
    `${ROOT};Parent=${'0'.repeat(16)};Sampled=1`,
    `Root=2-5759e988-bd862e3fe1be46a994272793;Parent=${SPAN};Sampled=1`,
    `Root=1-5759e988-bd862e3fe1be46a99427279;Parent=${SPAN};Sampled=1`,
    `Parent=${SPAN};Sampled=1`,
  ])('is none: %s', (text) => {
    expect(readAwsTraceHeader(text)).toBeUndefined();
  });
});

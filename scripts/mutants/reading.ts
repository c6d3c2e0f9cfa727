import { CHAOS, type Mutant } from './mutant.ts';

/** What an order is read as. */
export const READING: readonly Mutant[] = [
  {
    name: 'items are added up in floats',
    edits: [
      {
        file: 'src/orders/orderSchema.ts',
        from: 'total.plus(part)',
        to: 'new Big(total.toNumber() + part.toNumber())',
      },
    ],
    tests: ['test/orders/sum.test.ts'],
  },
  {
    name: 'the value becomes cents in floats',
    edits: [
      {
        file: 'src/orders/parseOrder.ts',
        from: 'minorUnits: roundToMinorUnits(fields.order_value).toNumber(),',
        to: 'minorUnits: Math.round(fields.order_value.toNumber() * 100),',
      },
    ],
    tests: ['test/orders/orderValue.test.ts', 'test/orders/sum.test.ts', 'test/promise.test.ts'],
  },
  {
    name: 'days are local days',
    edits: [
      {
        file: 'src/orders/timestamp.ts',
        from: 'export const dayOf = (instant: string): string => instant.slice(0, 10);',
        to:
          'export const dayOf = (instant: string): string => {\n' +
          '  const at = new Date(instant);\n' +
          '  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);\n' +
          '  return local.toISOString().slice(0, 10);\n' +
          '};',
      },
    ],
    tests: ['test/orders/timestamp.test.ts', 'test/promise.test.ts', CHAOS],
  },
  {
    name: 'the digest ignores the content: conflicts pass for duplicates',
    edits: [
      {
        file: 'src/orders/identity.ts',
        from: 'sha256(canonicalJson(order)).copy(digest, 4, 0, DIGEST_BYTES - 4);',
        to: 'digest.fill(0, 4);',
      },
    ],
    tests: ['test/orders/identity.test.ts', CHAOS],
  },
];

import { noJobIds } from './handOver.ts';
import { CHAOS, type Edit, type Mutant } from './mutant.ts';

const noLedger: Edit = {
  file: 'src/stats/record/ledger.lua',
  from: '  return digest, key\n',
  to: '  return nil, key\n',
};
/** What is remembered of an order, and when. */
export const LEDGER: readonly Mutant[] = [
  {
    name: 'the ledger is written after the script, by a command of its own',
    edits: [
      {
        file: 'src/stats/record/ledger.lua',
        from: "    redis.call('HSET', entry[1], entry[2], entry[3])\n",
        to:
          "    local hex = function(text) return (text:gsub('.', function(c) return string.format('%02x', c:byte()) end)) end\n" +
          '    ledger.late = ledger.late or {}\n' +
          "    table.insert(ledger.late, entry[1] .. '|' .. hex(entry[2]) .. '|' .. hex(entry[3]))\n",
      },
      {
        file: 'src/stats/record/recordOrders.lua',
        from: '\nreturn results\n',
        to: '\nfor _, entry in ipairs(ledger.late or {}) do results[#results + 1] = entry end\nreturn results\n',
      },
      {
        file: 'src/stats/record/recordOrder.ts',
        from: '    batch.forEach((one, index) => {',
        to:
          '    for (const entry of replies.splice(batch.length)) {\n' +
          "      const [key = '', identity = '', digest = ''] = entry.split('|');\n" +
          "      await redis.hset(key, Buffer.from(identity, 'hex'), Buffer.from(digest, 'hex'));\n" +
          '    }\n' +
          '    batch.forEach((one, index) => {',
      },
    ],
    tests: ['test/promise.test.ts', 'test/stats/ledger.test.ts', CHAOS],
  },
  {
    name: 'no ledger: every order counts',
    edits: [noLedger],
    tests: ['test/stats/recordOrder.test.ts', CHAOS],
  },
  {
    name: 'a split is forgotten by a call that counts nothing',
    edits: [
      {
        file: 'src/stats/record/ledger.lua',
        from: 'buckets, stand_changed = buckets + 1, true',
        to: 'buckets = buckets + 1',
      },
    ],
    tests: ['test/stats/recordOrder.refusals.test.ts', CHAOS],
  },
  {
    name: 'a message delivered again becomes a second job, and no ledger',
    edits: [noJobIds, noLedger],
    tests: ['test/queue/orderQueues.test.ts', 'test/stats/recordOrder.test.ts', CHAOS],
  },
];

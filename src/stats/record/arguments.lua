-- Records orders of one partition: looks each up in the ledger, then writes ledger and every aggregate together.
--
-- KEYS[1]  {p}:ledger, which names the slot; every other key is built from ARGV[1] and carries the same tag
-- ARGV[1]  key prefix, '{p}:'
-- ARGV[2]  retention window, seconds
-- ARGV[3]  16 bytes per order: identity (8) and digest (8)
-- ARGV[4]  JSON: one array of three values per order, which are user id, minor units, day (YYYY-MM-DD)
-- ARGV[5]  JSON, may be missing: position of an order → key of a hash of this slot, which is told in its field `counted` that it
--          was this call that counted the order: whoever did not hear the reply finds it there
-- ARGV[6]  while a history is kept: a line of each order, which the archive takes as it is; else it is missing or empty
-- ARGV[7]  JSON, may be missing: these orders counted before, elsewhere, and are counted here again without being asked for;
--          `at`, when that was, seconds since 1970; `from` and `to`, how far whoever repeats this is: nothing happens unless
--          the ledger keeps `from` as its `rebuilt` ('' for none), and it keeps `to` with what was counted
--
-- Returns a string per order:
--   'counted'
--   'duplicate'       the ledger has it, same digest
--   'conflict N'      the ledger has it with another digest; N is the recorded value in minor units
--   'error TEXT'      a key it needs holds something else; nothing of this order was written
--
-- With ARGV[7]: when the next generation of the ledger is due, seconds; 'elsewhere' and where it is, when it is not at `from`;
-- or an error, and nothing was written.
--
-- Lua has no rollback, so whatever can fail is read before the first write: a wrong type, a number that is no whole
-- one in range, a total past its room. Redis itself refuses the first write when it is out of memory, read-only or lacks
-- replicas, and then nothing has been written yet.
--
-- Five files make this one script: the arguments (this one), the ledger, the totals, the archive, and recordOrders, which runs from the top
-- to the bottom what the others only define. Each but this one is a block of its own: it sees what stands here, and of
-- another part what that puts into its table.
--
-- Gives: the arguments; the time, once the ledger is open; failed and whole, to judge what Redis replies; a table for each
-- part that others call.

local prefix, window, ids, fields = ARGV[1], tonumber(ARGV[2]), ARGV[3], cjson.decode(ARGV[4])
local archived = ARGV[6] ~= '' and ARGV[6]
local replayed = ARGV[7] and cjson.decode(ARGV[7])
local ledger, totals, archive = {}, {}, {}
local now_seconds, now_microseconds
local find, sub = string.find, string.sub

local function failed(reply)
  return type(reply) == 'table' and reply.err
end

-- Digits only: to tonumber `inf`, `nan`, `1e15`, `0x10`, `-3` and `1.5` are numbers too.
local function whole(text, most)
  local number = find(text, '^%d+$') and text + 0
  return number and number <= most and number
end

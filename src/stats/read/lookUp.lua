-- What the ledger says of some orders. Comes after the arguments and the ledger of the recording script, and writes nothing.
--
-- ARGV[3]  8 bytes per order: its identity
--
-- Returns the digest recorded for each, '' for none

local fault = ledger.open()
if fault then return redis.error_reply('ERR ' .. fault) end
local digests = {}
for i = 1, #ids / 8 do
  local digest, _, wrong = ledger.look_up(sub(ids, i * 8 - 7, i * 8))
  if wrong then return redis.error_reply('ERR ' .. wrong) end
  digests[i] = digest or ''
end
return digests

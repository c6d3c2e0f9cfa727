-- What the script does: read, judge each order, write what was counted, keep the ledger's buckets small.
--
-- Needs: the call, the ledger, the totals, the archive.
-- Gives: the reply.

local count = #ids / 16

if replayed then
  local rebuilt = redis.call('HGET', KEYS[1], 'rebuilt') or ''
  if rebuilt ~= replayed.from then return { 'elsewhere', rebuilt } end
end
local ledger_fault = ledger.open()
if ledger_fault then return redis.error_reply('ERR ' .. ledger_fault) end
local totals_fault = totals.open()
local before = archived and not totals_fault and totals.all()

for i = 1, count do
  totals.expect(i, fields[i * 3 - 2], fields[i * 3])
end
totals.read_details()

local function judge(i)
  if totals_fault then return 'error ' .. totals_fault end
  local identity, digest = sub(ids, i * 16 - 15, i * 16 - 8), sub(ids, i * 16 - 7, i * 16)
  local known, key, fault = ledger.look_up(identity)
  if fault then return 'error ' .. fault end
  if known and not replayed then
    return known == digest and 'duplicate' or 'conflict ' .. struct.unpack('>I4', known)
  end

  fault = totals.add(i, fields[i * 3 - 2], fields[i * 3 - 1], fields[i * 3])
  if fault then return 'error ' .. fault end
  ledger.remember(key, identity, digest)
  if archived then archive.add(i) end
  return 'counted'
end

local results, counted, duplicates = {}, 0, 0
for i = 1, count do
  local result = judge(i)
  results[i] = result
  if result == 'counted' then counted = counted + 1 end
  if result == 'duplicate' then duplicates = duplicates + 1 end
end

if replayed and counted < count then
  for _, result in ipairs(results) do
    if result ~= 'counted' then return redis.error_reply('ERR ' .. result) end
  end
end

-- All that can fail was read: from here on only the first write can be refused. That is the archive's, where there is one:
-- nothing counts that the history is not told of.
local archive_stand
if counted > 0 then
  if archived then archive_stand = archive.write(count, before, totals.all()) end
  totals.write_global()
  ledger.write()
  totals.write_users()
  totals.write_new_users()
  totals.write_periods()
  for i, key in pairs(ARGV[5] and cjson.decode(ARGV[5]) or {}) do
    -- One that is gone is not made anew.
    local there = results[tonumber(i)] == 'counted' and redis.pcall('EXISTS', key) == 1
    if there then redis.pcall('HSET', key, 'counted', 1) end
  end
end
ledger.close(duplicates, archive_stand)

return replayed and { string.format('%.0f', ledger.due()) } or results

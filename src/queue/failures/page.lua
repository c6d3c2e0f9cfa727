-- A stretch of a partition's failed orders, the one that failed first first, and of these the ones that match.
--
-- KEYS[1]  {p}:failures
-- ARGV[1]  from when, ms; '(' before it excludes it
-- ARGV[2]  the job of that moment to go on after, '' for none
-- ARGV[3]  how many to look at
-- ARGV[4]  id of a cause, '' for any
-- ARGV[5]  reason, '' for any
-- ARGV[6]  text in small letters that is in the job's id, its entry or its data; '' for any
-- ARGV[7]  what the key of a job begins with
--
-- Returns {where the next stretch begins, the job it goes on after, {job id, when it first failed, entry, …}}; the first is
-- '' at the end. If that job has left meanwhile, others of its millisecond may come again; none is left out.

local since, skipped = KEYS[1] .. ':since', 0
if ARGV[2] ~= '' and redis.call('ZSCORE', since, ARGV[2]) == ARGV[1] then
  repeat
    local same = redis.call('ZRANGEBYSCORE', since, ARGV[1], ARGV[1], 'LIMIT', skipped, 1000)
    local at
    for i, id in ipairs(same) do
      if id == ARGV[2] then at = i break end
    end
    skipped = skipped + (at or #same)
  until at or #same == 0
end

local found, last, looked, bytes = {}, { '', '' }, 0, 0

-- Text that only looks like one of these stands in the ids that were sent: read, the entry tells.
local function matches(id, text)
  if ARGV[4] ~= '' or ARGV[5] ~= '' then
    if not string.find(text, '"' .. ARGV[4], 1, true) then return false end
    local ok, entry = pcall(cjson.decode, text)
    if not ok then return false end
    local cause, reason = ARGV[4] == '', ARGV[5] == '' or (ARGV[5] == 'fault' and #entry[7] == 0)
    for _, each in ipairs(entry[8] or {}) do cause = cause or each == ARGV[4] end
    for _, each in ipairs(entry[7]) do reason = reason or each[1] == ARGV[5] end
    if not cause or not reason then return false end
  end
  if ARGV[6] == '' or string.find(string.lower(id .. ' ' .. text), ARGV[6], 1, true) then return true end
  local data = redis.call('HGET', ARGV[7] .. id, 'data')
  bytes = bytes + #(data or '')
  return data and string.find(string.lower(data), ARGV[6], 1, true)
end

local ids = redis.call('ZRANGEBYSCORE', since, ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', skipped, ARGV[3])
for i = 1, #ids, 2 do
  local text = redis.call('HGET', KEYS[1], ids[i]) or ''
  if matches(ids[i], text) then
    table.insert(found, ids[i])
    table.insert(found, ids[i + 1])
    table.insert(found, text)
  end
  last, looked = { ids[i + 1], ids[i] }, looked + 1
  if bytes > 4194304 then break end
end
if looked < tonumber(ARGV[3]) and looked * 2 == #ids then last = { '', '' } end
return { last[1], last[2], found }

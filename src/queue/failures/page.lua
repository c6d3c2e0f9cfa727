-- A stretch of a partition's failed orders, the one that failed first first, and of these the ones that match. Preceded by
-- index.lua.
--
-- KEYS[1]  {p}:failures:2
-- ARGV[1]  from when, ms; '(' before it excludes it
-- ARGV[2]  the job of that moment to go on after, '' for none
-- ARGV[3]  how many to look at
-- ARGV[4]  how many to find at most
-- ARGV[5]  id of a cause, '' for any
-- ARGV[6]  reason, '' for any
-- ARGV[7]  text in small letters that is in the job's id, its entry or its data; '' for any
-- ARGV[8]  what the key of a job begins with
--
-- Returns {where the next stretch begins, the job it goes on after, {job id, when it first failed, entry, …}, {cause id,
-- what it is, …}}; the first is '' at the end. If that job has left meanwhile, others of its millisecond may come again;
-- none is left out.

local index = failures(KEYS[1])
local cause, reason, needle = ARGV[5], ARGV[6], ARGV[7]
local causes, sums = KEYS[1] .. ':causes', KEYS[1] .. ':sums'
local NOTHING = { '', '', {}, {} }

-- None of a cause failed first after the newest of its orders did.
local newest = '+inf'
if cause ~= '' then
  newest = redis.call('HGET', causes, cause .. ':newest')
  if not newest then return NOTHING end
end
if reason ~= '' and tonumber(redis.call('HGET', sums, reason .. ':orders') or 0) == 0 then return NOTHING end

local from, skipped = ARGV[1], 0
if ARGV[2] ~= '' and redis.call('ZSCORE', index.since, ARGV[2]) == ARGV[1] then
  repeat
    local same = redis.call('ZRANGEBYSCORE', index.since, ARGV[1], ARGV[1], 'LIMIT', skipped, 1000)
    local at
    for i, id in ipairs(same) do
      if id == ARGV[2] then at = i break end
    end
    skipped = skipped + (at or #same)
  until at or #same == 0
elseif from == '-inf' and cause ~= '' then
  from = redis.call('HGET', causes, cause .. ':first') or from
end

-- By the causes of an entry, which are the same in thousands.
local answers = {}
local function is_of(text)
  local ids = index.causes_of(text)
  if not ids then return false end
  if answers[ids] == nil then
    local has_cause, has_reason = cause == '', reason == ''
    for id in index.each_of(ids) do
      has_cause = has_cause or id == cause
      has_reason = has_reason or string.find(index.cause(id) or '', reason .. '\n', 1, true) == 1
    end
    answers[ids] = has_cause and has_reason
  end
  return answers[ids]
end

-- Text without letters is the same in both cases.
local lower = string.find(needle, '%a') and string.lower or function(text) return text end
local bytes = 0
local function holds(id, text)
  if string.find(lower(text), needle, 1, true) or string.find(lower(id), needle, 1, true) then return true end
  local data = redis.call('HGET', ARGV[8] .. id, 'data')
  bytes = bytes + #(data or '')
  return data and string.find(lower(data), needle, 1, true)
end

local found, used, seen = {}, {}, {}
local function take(id, first, text)
  for _, each in ipairs({ id, first, text }) do table.insert(found, each) end
  for each in index.each_of(index.causes_of(text) or '') do
    if not seen[each] then
      table.insert(used, each)
      table.insert(used, index.cause(each) or '')
    end
    seen[each] = true
  end
end

-- Not more at once than a page may need: mostly the first ones match.
local most_looked, most = tonumber(ARGV[3]), tonumber(ARGV[4])
local at_once = math.min(most_looked, math.max(most, 50))
local looked, last = 0, { '', '' }
local is_full, is_end = false, false
while not is_full and not is_end do
  local ids =
    redis.call('ZRANGEBYSCORE', index.since, from, newest, 'WITHSCORES', 'LIMIT', skipped + looked, at_once)
  is_end = #ids < 2 * at_once
  local only_ids = {}
  for i = 1, #ids, 2 do table.insert(only_ids, ids[i]) end
  local entries = #ids == 0 and {} or redis.call('HMGET', KEYS[1], unpack(only_ids))
  for i, id in ipairs(only_ids) do
    local text = entries[i]
    if text and ((cause == '' and reason == '') or is_of(text)) and (needle == '' or holds(id, text)) then
      take(id, ids[2 * i], text)
    end
    looked, last = looked + 1, { ids[2 * i], id }
    is_full = #found == 3 * most or looked >= most_looked or bytes > 4194304
    if is_full then
      is_end = is_end and i == #only_ids
      break
    end
  end
  at_once = most_looked - looked
end
if is_end then last = { '', '' } end
return { last[1], last[2], found, used }

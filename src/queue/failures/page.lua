-- A stretch of a partition's failed orders, by when they first failed, and of these the ones that match. Preceded by
-- index.lua.
--
-- KEYS[1]  {p}:failures:3
-- ARGV[1]  from when, ms; '(' before it excludes it; '' for the beginning
-- ARGV[2]  the job of that moment to go on after, '' for none
-- ARGV[3]  how many to look at
-- ARGV[4]  how many to find at most
-- ARGV[5]  '1' when the one that failed last comes first, '0' for the other way round
-- ARGV[6]  id of a cause, '' for any
-- ARGV[7]  reason, '' for any
-- ARGV[8]  text in small letters that is in the job's id, its entry or its data; '' for any
-- ARGV[9]  id of the job, its order or its user, '' for any
-- ARGV[10] what the names of such an order begin with, in capital letters
-- ARGV[11] hash of such a user
-- ARGV[12] what the key of a job begins with
--
-- Returns {where the next stretch begins, the job it goes on after, {job id, when it first failed, entry, …}, {cause id,
-- what it is, …}}; the first is '' at the end. If that job has left meanwhile, others of its millisecond may come again;
-- none is left out.

local index = failures(KEYS[1])
local most_looked, most, is_down = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5] == '1'
local cause, reason, needle = ARGV[6], ARGV[7], ARGV[8]
local wanted = { job = ARGV[9], begins = ARGV[10], user = ARGV[11] }
wanted.order = index.hash_of_order(wanted.begins)
local causes, sums = KEYS[1] .. ':causes', KEYS[1] .. ':sums'
local NOTHING = { '', '', {}, {} }

-- All of a cause failed first between the first and the newest of its orders.
local oldest, newest = '-inf', '+inf'
if cause ~= '' then
  local ends = redis.call('HMGET', causes, cause .. ':first', cause .. ':newest')
  if not ends[1] then return NOTHING end
  oldest, newest = unpack(ends)
end
if reason ~= '' and tonumber(redis.call('HGET', sums, reason .. ':orders') or 0) == 0 then return NOTHING end

local from, to = oldest, newest
if is_down then from, to = to, from end
if ARGV[1] ~= '' then from = ARGV[1] end

local scan = is_down and 'ZREVRANGEBYSCORE' or 'ZRANGEBYSCORE'
local function ids_in(range, skipped, count)
  return redis.call(scan, index.since, range[1], range[2], 'WITHSCORES', 'LIMIT', skipped, count)
end

local skipped = 0
if ARGV[2] ~= '' and redis.call('ZSCORE', index.since, ARGV[2]) == ARGV[1] then
  repeat
    local same = ids_in({ ARGV[1], ARGV[1] }, skipped, 1000)
    local at
    for i = 1, #same, 2 do
      if same[i] == ARGV[2] then at = (i + 1) / 2 break end
    end
    skipped = skipped + (at or #same / 2)
  until at or #same == 0
end

-- An id is looked for in the milliseconds that it is posted under.
local ranges = { { from, to } }
local times = {}
if wanted.job ~= '' and index.posted(wanted.order, times) and index.posted(wanted.user, times) then
  local of_job = redis.call('ZSCORE', index.since, wanted.job)
  if of_job then times[tonumber(of_job)] = true end
  local limit = tonumber((string.gsub(ARGV[1], '^%(', '')))
  local is_after = string.sub(ARGV[1], 1, 1) == '('
  ranges = {}
  for time in pairs(times) do
    local ahead = limit and (is_down and limit - time or time - limit) or 1
    local text = string.format('%.0f', time)
    if ahead > 0 or (ahead == 0 and not is_after) then table.insert(ranges, { text, text, time }) end
  end
  table.sort(ranges, function(one, other)
    if is_down then return one[3] > other[3] end
    return one[3] < other[3]
  end)
  -- What was to be skipped is of the first one or of none.
  if not ranges[1] or ranges[1][3] ~= limit then skipped = 0 end
end

-- By the causes of an entry, which are the same in thousands.
local answers = {}
local function is_for(text)
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
  local data = redis.pcall('HGET', ARGV[12] .. id, 'data')
  if type(data) ~= 'string' then return false end
  bytes = bytes + #data
  return string.find(lower(data), needle, 1, true)
end

local function matches(id, text)
  return ((cause == '' and reason == '') or is_for(text))
    and (wanted.job == '' or index.is_of(id, text, wanted))
    and (needle == '' or holds(id, text))
end

local take, found, used = index.gather()

-- Not more at once than a page may need: mostly the first ones match.
local at_once = math.min(most_looked, math.max(most, 50))
local looked, at, last = 0, 1, { '', '' }
local is_full = false
while not is_full and ranges[at] do
  local ids = ids_in(ranges[at], skipped, at_once)
  local only_ids = {}
  for i = 1, #ids, 2 do table.insert(only_ids, ids[i]) end
  local entries = #ids == 0 and {} or redis.call('HMGET', KEYS[1], unpack(only_ids))
  for i, id in ipairs(only_ids) do
    if entries[i] and matches(id, entries[i]) then take(id, ids[2 * i], entries[i]) end
    looked, last = looked + 1, { ids[2 * i], id }
    is_full = #found == 3 * most or looked >= most_looked or bytes > 1048576
    if is_full then
      if i == #only_ids and #only_ids < at_once then at = at + 1 end
      break
    end
  end
  if not is_full then
    skipped = skipped + #only_ids
    if #only_ids < at_once then at, skipped = at + 1, 0 end
    at_once = most_looked - looked
  end
end
if not ranges[at] then last = { '', '' } end
return { last[1], last[2], found, used }

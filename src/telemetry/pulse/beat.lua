-- Adds what a process did since its last beat to the pulse of the installation.
-- KEYS[1]  the pulse; every key below begins with it and lies in its slot
-- ARGV[1]  the process
-- ARGV[2]  number of this beat, one more than the last: a beat that comes again does nothing
-- ARGV[3]  counts to add, packed: for each figure a byte from p on, then digits of base 64 from 0 to o
-- ARGV[4]  gauges, packed likewise: the largest of a bucket is kept
-- ARGV[5]  how the process describes itself, JSON
-- ARGV[6]  1 when an order counted, else 0
-- ARGV[7], ARGV[8]  the newest counted and refused, JSON arrays of JSON texts, oldest first
-- ARGV[9]  which stages it is, words: whoever looks knows when one of each was seen last, however it ended
-- ARGV[10] what it saw of the inbox, JSON; '' when it did not look
-- returns  { seconds, microseconds, seconds at which an order counted last or false, the inbox as it was seen last or
--          false, keys that hold something of another type }, times by Redis's clock
local time = redis.call('TIME')
local now = tonumber(time[1])
local pulse, id, number = KEYS[1], ARGV[1], tonumber(ARGV[2])
local processes, lastly = pulse .. ':processes', pulse .. ':last'

-- Something else under one of our keys is left alone, and takes nothing along of what lies beside it.
local damaged = {}
local function is(kind, key)
  local found = redis.call('TYPE', key).ok
  if found == kind or found == 'none' then return true end
  damaged[#damaged + 1] = key
  return false
end
local hasProcesses, hasLast = is('hash', processes), is('hash', lastly)

local known = hasProcesses and redis.call('HGET', processes, id)
local before = known and tonumber(string.match(known, '^(%d+) '))
-- Where nobody can tell, one that comes again counts again: that is a figure of the pulse, and none of the stats.
local isNew = not before or before < number
if hasProcesses then redis.call('HSET', processes, id, string.format('%d %d %s', number, now, ARGV[5])) end
local function answer()
  local last = hasLast and redis.call('HMGET', lastly, 'counted', 'inbox') or { false, false }
  return { time[1], time[2], last[1], last[2], damaged }
end
if not isNew then return answer() end

if hasProcesses and not known then
  -- Whoever has not been seen for a day is dropped when somebody comes.
  for _, other in ipairs(redis.call('HKEYS', processes)) do
    local seen = string.match(redis.call('HGET', processes, other) or '', '^%d+ (%d+)')
    if seen and tonumber(seen) < now - 86400 then redis.call('HDEL', processes, other) end
  end
end

local function each(packed, take)
  for name, digits in string.gmatch(packed, '([p-\255])([0-o]+)') do
    local value = 0
    for at = 1, #digits do value = value * 64 + (string.byte(digits, at) - 48) end
    take(name, value)
  end
end

local function digitsOf(value)
  local digits = ''
  repeat
    digits = string.char(48 + value % 64) .. digits
    value = math.floor(value / 64)
  until value == 0
  return digits
end

local function addTo(key, field, keep)
  if not is('hash', key) then return end
  local figures = {}
  each(redis.call('HGET', key, field) or '', function(name, value) figures[name] = value end)
  each(ARGV[3], function(name, value) figures[name] = (figures[name] or 0) + value end)
  each(ARGV[4], function(name, value) figures[name] = math.max(figures[name] or 0, value) end)
  local packed = {}
  for name, value in pairs(figures) do packed[#packed + 1] = name .. digitsOf(value) end
  if #packed == 0 then return end
  redis.call('HSET', key, field, table.concat(packed))
  redis.call('PEXPIRE', key, keep * 1000)
end
local function bucket(letter, size, chunk, keep)
  addTo(pulse .. ':' .. letter .. ':' .. math.floor(now / chunk), math.floor(now % chunk / size), keep + chunk)
end
bucket('s', 1, 60, 3600)
bucket('m', 60, 3600, 86400)
bucket('h', 3600, 86400, 400 * 86400)

if hasLast then
  for stage in string.gmatch(ARGV[9] or '', '%a+') do redis.call('HSET', lastly, stage, now) end
  if (ARGV[10] or '') ~= '' then redis.call('HSET', lastly, 'inbox', ARGV[10]) end
  if ARGV[6] == '1' then redis.call('HSET', lastly, 'counted', now) end
end
for name, texts in pairs({ [':newest:counted'] = ARGV[7], [':newest:refused'] = ARGV[8] }) do
  if is('list', pulse .. name) then
    for _, text in ipairs(cjson.decode(texts)) do redis.call('LPUSH', pulse .. name, text) end
    redis.call('LTRIM', pulse .. name, 0, 19)
  end
end
return answer()

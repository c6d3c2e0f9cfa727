-- Records orders of one partition: looks each up in the ledger, then writes ledger and every aggregate together.
--
-- KEYS[1]  {p}:ledger, which names the slot; every other key is built from ARGV[1] and carries the same tag
-- ARGV[1]  key prefix, '{p}:'
-- ARGV[2]  retention window, seconds
-- ARGV[3]  16 bytes per order: identity (8) and digest (8)
-- ARGV[4]  JSON: one array of three values per order, which are user id, minor units, day (YYYY-MM-DD)
--
-- Returns a string per order:
--   'counted'
--   'duplicate'       the ledger has it, same digest
--   'conflict N'      the ledger has it with another digest; N is the recorded value in minor units
--   'error TEXT'      a key it needs holds something else; nothing of this order was written
--
-- Lua has no rollback, so whatever can fail is read before the first write: a wrong type, a number that is no whole
-- one in range, a total past its room. Redis itself refuses the first write when it is out of memory, read-only or lacks
-- replicas, and then nothing has been written yet.
--
-- The ledger is a hash of small hashes (linear hashing): bucket i of generation g is {p}:ledger:g:i, and one
-- bucket is split for every TARGET entries added, so buckets stay listpacks however many orders there are.
-- Two generations are looked up; the one before them is unlinked bit by bit.
--
-- Lua unpacks some 8,000 values at most. What goes with the orders of a call stays below that for a few hundred of
-- them; a bucket has no such bound while a split waits.

local TARGET = 56
local SPLITS = 8
local SLICE = 1000
local SWEEP = 4
local MAX_ORDERS = 9007199254740991
-- The room of a total, in minor units: 2^46 units of the currency, up to where a double carries every cent.
local ROOM = 7036874417766400
local MAX_STAND = 4294967296
local find, sub = string.find, string.sub

local prefix, window, ids, fields = ARGV[1], tonumber(ARGV[2]), ARGV[3], cjson.decode(ARGV[4])
local count = #ids / 16
local now = tonumber(redis.call('TIME')[1])

local function failed(reply)
  return type(reply) == 'table' and reply.err
end

-- Digits only: to tonumber `inf`, `nan`, `1e15`, `0x10`, `-3` and `1.5` are numbers too.
local function whole(text, most)
  local number = find(text, '^%d+$') and text + 0
  return number and number <= most and number
end

-- Where the ledger stands ---------------------------------------------------------------------------------------

local stand = redis.call('HMGET', KEYS[1], 'generation', 'since', 'buckets', 'size', 'previous_buckets', 'stale_buckets')
local absent, least = { 1, now, 1, 0, 0, 0 }, { 1, 0, 1, 0, 0, 0 }
for i = 1, 6 do
  local value = not stand[i] and absent[i] or whole(stand[i], MAX_STAND)
  if not value or value < least[i] then return redis.error_reply('ERR no usable number in ' .. KEYS[1]) end
  stand[i] = value
end
local generation, since, buckets, size, previous_buckets, stale_buckets = unpack(stand)
local stand_changed = false

-- A rotation waits until the generation before is swept: a clock that jumps cannot leave buckets nobody names.
if now - since >= window and stale_buckets == 0 and size > 0 then
  generation, since = generation + 1, now
  stale_buckets, previous_buckets, buckets, size = previous_buckets, buckets, 1, 0
  stand_changed = true
end

local function level_of(n)
  local level = 1
  while level * 2 <= n do level = level * 2 end
  return level
end

local level, previous_level = level_of(buckets), level_of(previous_buckets)

local function hash_of(identity)
  return struct.unpack('>I4', identity, 5)
end

local function index_of(hash, n, n_level)
  local index = hash % (n_level * 2)
  if index >= n then index = index - n_level end
  return index
end

local function bucket_key(g, index)
  return prefix .. 'ledger:' .. g .. ':' .. index
end

-- Read and decide -----------------------------------------------------------------------------------------------

local function pair_of(key, first, second)
  local reply = redis.pcall('HMGET', key, first, second)
  if failed(reply) then return nil, reply.err end
  local a, b = whole(reply[1] or '0', MAX_ORDERS), whole(reply[2] or '0', ROOM)
  if not a or not b then return nil, 'no usable number in ' .. key end
  return { orders = a, amount = b }
end

local function zset_fault(key)
  local reply = redis.pcall('ZCARD', key)
  return failed(reply)
end

local global, by_spend, by_count = prefix .. 'global:stats', prefix .. 'users:by_spend', prefix .. 'users:by_count'
local days_key, months_key, years_key = prefix .. 'stats:days', prefix .. 'stats:months', prefix .. 'stats:years'

local totals, shared_fault = pair_of(global, 'total_orders', 'total_revenue')
shared_fault = shared_fault or zset_fault(by_spend) or zset_fault(by_count)

-- Detail of earlier days was dropped and must not begin again: a day would look complete that is not.
local detail_from = redis.pcall('HGET', prefix .. 'stats:detail', 'from')
shared_fault = shared_fault or failed(detail_from)
detail_from = detail_from or ''

local users, periods, seen, new_entries = {}, {}, {}, {}
-- The day and the month of each order, among the periods.
local days, months = {}, {}

local function user_of(id)
  local user = users[id]
  if not user then
    local found, fault = pair_of(prefix .. 'user:' .. id, 'order_count', 'total_spend')
    user = found or { fault = fault }
    users[id] = user
  end
  return user
end

local function period_of(key, name)
  local period = periods[name]
  if not period then
    local found, fault = pair_of(key, name .. ':orders', name .. ':revenue')
    period = found or { fault = fault }
    period.key, period.ids, period.of = key, {}, {}
    periods[name] = period
  end
  return period
end

local function belongs_to(period, id)
  if not period.of[id] then
    period.ids[#period.ids + 1] = id
    period.of[id] = { orders = 0, amount = 0 }
  end
end

-- What each user of the batch has in a period already.
local function read_detail(name, period)
  local spend_key, counts_key = prefix .. 'spend:' .. name, prefix .. 'counts:' .. name
  local amounts = redis.pcall('ZMSCORE', spend_key, unpack(period.ids))
  if failed(amounts) then return amounts.err end
  local counts = redis.pcall('HMGET', counts_key, unpack(period.ids))
  if failed(counts) then return counts.err end
  for i, id in ipairs(period.ids) do
    local detail, amount = period.of[id], tonumber(amounts[i] or 0)
    -- A score is a number for certain, and Redis may write a whole one as 1e+15.
    if amount < 0 or amount > ROOM or amount % 1 ~= 0 then detail.fault = 'no usable number in ' .. spend_key end
    local orders = whole(counts[i] or '0', MAX_ORDERS)
    if not orders then detail.fault = 'no usable number in ' .. counts_key end
    detail.amount, detail.orders = amount, orders
  end
end

-- The digest recorded for an identity and the bucket it belongs in; or nil, nil and what is in the way.
local function look_up(identity)
  local hash = hash_of(identity)
  local key = bucket_key(generation, index_of(hash, buckets, level))
  local digest = redis.pcall('HGET', key, identity)
  if failed(digest) then return nil, nil, digest.err end
  if not digest and previous_buckets > 0 then
    digest = redis.pcall('HGET', bucket_key(generation - 1, index_of(hash, previous_buckets, previous_level)), identity)
    if failed(digest) then return nil, nil, digest.err end
  end
  return digest, key
end

local function judge(i)
  if shared_fault then return 'error ' .. shared_fault end
  local identity, digest = sub(ids, i * 16 - 15, i * 16 - 8), sub(ids, i * 16 - 7, i * 16)
  local user_id, amount = fields[i * 3 - 2], fields[i * 3 - 1]

  local known, key, fault = seen[identity], nil, nil
  if not known then known, key, fault = look_up(identity) end
  if fault then return 'error ' .. fault end
  if known == digest then return 'duplicate' end
  if known then return 'conflict ' .. struct.unpack('>I4', known) end

  local user, by_day, by_month = user_of(user_id), days[i], months[i]
  local by_year = period_of(years_key, sub(fields[i * 3], 1, 4))
  local of_day, of_month = by_day.of[user_id], by_month.of[user_id]
  fault = user.fault or by_day.fault or by_month.fault or by_year.fault or of_day.fault or of_month.fault
  if fault then return 'error ' .. fault end
  local touched = { totals, user, by_day, by_month, by_year, of_day, of_month }
  for _, total in ipairs(touched) do
    if total.amount + amount > ROOM then return 'error a total would pass its room of 70368744177664.00' end
    if total.orders + 1 > MAX_ORDERS then return 'error a count of orders would pass 2^53' end
  end

  for _, total in ipairs(touched) do
    total.orders, total.amount, total.changed = total.orders + 1, total.amount + amount, true
  end
  seen[identity] = digest
  new_entries[#new_entries + 1] = { key, identity, digest }
  return 'counted'
end

-- Of years nothing is kept by user: they are read when an order needs them.
for i = 1, count do
  local user_id, day = fields[i * 3 - 2], fields[i * 3]
  days[i], months[i] = period_of(days_key, day), period_of(months_key, sub(day, 1, 7))
  belongs_to(days[i], user_id)
  belongs_to(months[i], user_id)
end
for name, period in pairs(periods) do
  period.detailed = period.key == months_key or name >= detail_from
  if period.detailed and not period.fault then period.fault = read_detail(name, period) end
end

local results, duplicates = {}, 0
for i = 1, count do
  results[i] = judge(i)
  if results[i] == 'duplicate' then duplicates = duplicates + 1 end
end

-- Write ---------------------------------------------------------------------------------------------------------

if #new_entries > 0 then
  redis.call('HSET', global, 'total_orders', totals.orders, 'total_revenue', totals.amount)
  for _, entry in ipairs(new_entries) do
    redis.call('HSET', entry[1], entry[2], entry[3])
  end

  local spends, counts = {}, {}
  for id, user in pairs(users) do
    if user.changed then
      redis.call('HSET', prefix .. 'user:' .. id, 'order_count', user.orders, 'total_spend', user.amount)
      spends[#spends + 1], spends[#spends + 2] = user.amount, id
      counts[#counts + 1], counts[#counts + 2] = user.orders, id
    end
  end
  redis.call('ZADD', by_spend, unpack(spends))
  redis.call('ZADD', by_count, unpack(counts))

  for name, period in pairs(periods) do
    if period.changed then
      redis.call('HSET', period.key, name .. ':orders', period.orders, name .. ':revenue', period.amount)
      if period.detailed then
        local amounts, counts = {}, {}
        for _, id in ipairs(period.ids) do
          local detail = period.of[id]
          if detail.changed then
            amounts[#amounts + 1], amounts[#amounts + 2] = detail.amount, id
            counts[#counts + 1], counts[#counts + 2] = id, detail.orders
          end
        end
        redis.call('ZADD', prefix .. 'spend:' .. name, unpack(amounts))
        redis.call('HSET', prefix .. 'counts:' .. name, unpack(counts))
      end
    end
  end

  size, stand_changed = size + #new_entries, true
end

-- Housekeeping: nothing here changes what is counted, so a fault here is left for the next call -----------------

local function put(key, entries)
  for from = 1, #entries, SLICE do
    local reply = redis.pcall('HSET', key, unpack(entries, from, math.min(from + SLICE - 1, #entries)))
    if failed(reply) then return false end
  end
  return true
end

local function split()
  local source_key, target_key = bucket_key(generation, buckets - level), bucket_key(generation, buckets)
  -- Asked first: a bucket that waits for its target grows, and would be read whole by every call.
  if failed(redis.pcall('HLEN', target_key)) then return false end
  local entries = redis.pcall('HGETALL', source_key)
  if failed(entries) then return false end
  local moved, kept = {}, {}
  for i = 1, #entries, 2 do
    local identity = entries[i]
    -- A field that is no identity stays where it is.
    local moves = #identity == 8 and hash_of(identity) % (level * 2) == buckets
    local half = moves and moved or kept
    half[#half + 1], half[#half + 2] = identity, entries[i + 1]
  end
  if #moved > 0 then
    -- Refused, if at all, with its first slice: from then on nothing stands between DEL and the entries kept.
    if not put(target_key, moved) then return false end
    -- Written anew rather than thinned out: a bucket that outgrew its listpack would stay a hash table for good.
    redis.call('DEL', source_key)
    put(source_key, kept)
  end
  buckets, stand_changed = buckets + 1, true
  if buckets == level * 2 then level = buckets end
  return true
end

-- A few at a time: after a long wait many are due, and one call shall not pay for all.
for _ = 1, SPLITS do
  if size <= buckets * TARGET or not split() then break end
end

if stale_buckets > 0 and #new_entries > 0 then
  for _ = 1, math.min(SWEEP, stale_buckets) do
    stale_buckets = stale_buckets - 1
    redis.call('UNLINK', bucket_key(generation - 2, stale_buckets))
  end
end

if stand_changed then
  redis.call('HSET', KEYS[1], 'generation', generation, 'since', since, 'buckets', buckets, 'size', size,
    'previous_buckets', previous_buckets, 'stale_buckets', stale_buckets)
end
if duplicates > 0 then redis.pcall('HINCRBY', KEYS[1], 'duplicates', duplicates) end

return results

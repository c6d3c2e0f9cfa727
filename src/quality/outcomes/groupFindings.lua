-- Adds a batch of flagged orders to the groups of what was found, once however often it is called.
--
-- KEYS[1]    this batch was grouped
-- KEYS[2]    zset of groups that are open, by when each was seen last
-- KEYS[3]    zset of flagged orders, by when
-- KEYS[4]    hash of flagged orders
-- KEYS[5]    zset of groups of too few orders to open, by when each was seen last
-- KEYS[6..]  a group each
-- ARGV[1]    most groups of either kind
-- ARGV[2]    most flagged orders
-- ARGV[3]    ms for which a batch is known again
-- ARGV[4]    ms after which a group is over: what is found then opens it anew
-- ARGV[5]    what the key of a group begins with
-- ARGV[6]    most examples of a group
-- ARGV[7]    most observations of a group
-- ARGV[8]    JSON: the groups, each {id, first, last, orders, findings, minor, fields: {}, examples: [], seen: [], sample?, plain}
--            `sample` is JSON, and stays as it came first; `plain` opens the group at once
-- ARGV[9]    JSON: the orders, three values each: message, when, text
-- ARGV[10]   orders with a finding that open its group
--
-- Returns {ids of groups that were opened, ids of groups that could not be read}, or nil when the batch was grouped before.
-- Of the latter one that lies under another type is left alone, and one whose figures are none begins anew.

-- Before the first write: where one of these is something else, the batch is refused whole, and is tried again.
redis.call('ZCARD', KEYS[2])
redis.call('ZCARD', KEYS[3])
redis.call('HLEN', KEYS[4])
redis.call('ZCARD', KEYS[5])

if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[3]) then return false end

local groups, orders, opened, damaged = cjson.decode(ARGV[8]), cjson.decode(ARGV[9]), {}, {}

local function append(key, field, more, most)
  local isJson, kept = pcall(cjson.decode, redis.call('HGET', key, field) or '[]')
  if not isJson or type(kept) ~= 'table' then kept = {} end
  for _, each in ipairs(more) do kept[#kept + 1] = each end
  local from, left = math.max(1, #kept - most + 1), {}
  for at = from, #kept do left[#left + 1] = kept[at] end
  redis.call('HSET', key, field, cjson.encode(left))
end

local function isFigure(text) return not text or string.find(text, '^%d+$') and #text <= 15 end

local function add(key, group)
  local isWhole = true
  for _, figure in ipairs(redis.call('HMGET', key, 'first', 'last', 'orders', 'findings', 'minor')) do
    isWhole = isWhole and isFigure(figure)
  end
  if not isWhole then damaged[#damaged + 1] = group.id end
  local last = isWhole and tonumber(redis.call('HGET', key, 'last') or '0') or 0
  if not isWhole or group.first - last > tonumber(ARGV[4]) then
    redis.call('DEL', key)
    redis.call('HSET', key, 'first', string.format('%.0f', group.first))
    redis.call('ZREM', KEYS[2], group.id)
  end
  for name, value in pairs(group.fields) do redis.call('HSET', key, name, value) end
  last = string.format('%.0f', math.max(last, group.last))
  redis.call('HSET', key, 'last', last)
  local had = redis.call('HINCRBY', key, 'orders', string.format('%.0f', group.orders))
  redis.call('HINCRBY', key, 'findings', string.format('%.0f', group.findings))
  redis.call('HINCRBY', key, 'minor', string.format('%.0f', group.minor))
  append(key, 'examples', group.examples, tonumber(ARGV[6]))
  append(key, 'seen', group.seen, tonumber(ARGV[7]))
  if group.sample and redis.call('HEXISTS', key, 'samples') == 0 then redis.call('HSET', key, 'samples', group.sample) end
  local was = redis.call('ZSCORE', KEYS[2], group.id)
  if was or group.plain or had >= tonumber(ARGV[10]) then
    redis.call('ZADD', KEYS[2], last, group.id)
    redis.call('ZREM', KEYS[5], group.id)
    if not was then
      opened[#opened + 1] = group.id
    end
  else
    redis.call('ZADD', KEYS[5], last, group.id)
  end
end

for at, group in ipairs(groups) do
  local key = KEYS[5 + at]
  local kind = redis.call('TYPE', key).ok
  if kind == 'hash' or kind == 'none' then add(key, group) else damaged[#damaged + 1] = group.id end
end

for at = 1, #orders, 3 do
  redis.call('ZADD', KEYS[3], string.format('%.0f', orders[at + 1]), orders[at])
  redis.call('HSET', KEYS[4], orders[at], orders[at + 2])
end

for _, set in ipairs({ KEYS[2], KEYS[5] }) do
  local over = redis.call('ZCARD', set) - tonumber(ARGV[1])
  if over > 0 then
    local oldest = redis.call('ZPOPMIN', set, over)
    for at = 1, #oldest, 2 do redis.call('DEL', ARGV[5] .. oldest[at]) end
  end
end
local over = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[2])
if over > 0 then
  local oldest = redis.call('ZPOPMIN', KEYS[3], over)
  for at = 1, #oldest, 2 do redis.call('HDEL', KEYS[4], oldest[at]) end
end

return { opened, damaged }

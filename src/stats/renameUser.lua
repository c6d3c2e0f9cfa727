-- Gives what a user ordered to another name, which nobody has: all places at one moment, and their sums stay.
--
-- KEYS[1]  {p}:ledger, which names the slot; keeps in `erasing` what was begun, until whoever began it has done the rest
-- ARGV[1]  key prefix, '{p}:'
-- ARGV[2]  user id
-- ARGV[3]  the new one
--
-- Returns { user, new name, last entry of the archive then } of what is begun: this, or what somebody else has not ended.
-- Nothing when the user has no orders.

local prefix, user, name = ARGV[1], ARGV[2], ARGV[3]
local begun = redis.call('HGET', KEYS[1], 'erasing')
if begun then return cjson.decode(begun) end

local function move_score(key)
  local score = redis.call('ZSCORE', key, user)
  if not score then return end
  redis.call('ZADD', key, score, name)
  redis.call('ZREM', key, user)
end

if redis.call('EXISTS', prefix .. 'user:' .. user) == 0 then return {} end
local archive = redis.call('HGET', KEYS[1], 'archive') or '0'
local all = { user, name, string.match(archive, '^%d+') }
redis.call('HSET', KEYS[1], 'erasing', cjson.encode(all))
for _, key in ipairs({ 'stats:days', 'stats:months' }) do
  for _, field in ipairs(redis.call('HKEYS', prefix .. key)) do
    local period = string.match(field, '^(.*):orders$')
    if period then
      move_score(prefix .. 'spend:' .. period)
      local counts = prefix .. 'counts:' .. period
      local orders = redis.call('HGET', counts, user)
      if orders then
        redis.call('HSET', counts, name, orders)
        redis.call('HDEL', counts, user)
      end
    end
  end
end
move_score(prefix .. 'users:by_spend')
move_score(prefix .. 'users:by_count')
redis.call('RENAME', prefix .. 'user:' .. user, prefix .. 'user:' .. name)
return all

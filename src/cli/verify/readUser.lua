-- Everything that is recorded of one user, read at one moment: while orders are being counted, replies of
-- separate commands belong to different moments and differ without anything being wrong.
--
-- KEYS[1]  {p}:user:<user id>
-- ARGV[1]  key prefix, '{p}:'
-- ARGV[2]  user id
--
-- Returns text or nil for each of: order_count, total_spend, score by spend, score by count, spend over all months

local prefix, id = ARGV[1], ARGV[2]
local user = redis.call('HMGET', KEYS[1], 'order_count', 'total_spend')

local seen, over_months = {}, 0
for _, field in ipairs(redis.call('HKEYS', prefix .. 'stats:months')) do
  local month = string.sub(field, 1, 7)
  if not seen[month] then
    seen[month] = true
    over_months = over_months + tonumber(redis.call('ZSCORE', prefix .. 'spend:' .. month, id) or 0)
  end
end

return {
  user[1],
  user[2],
  redis.call('ZSCORE', prefix .. 'users:by_spend', id),
  redis.call('ZSCORE', prefix .. 'users:by_count', id),
  string.format('%.17g', over_months),
}

-- Takes a token from a bucket that refills steadily (GCRA: the bucket is one number, the time at which it is full).
-- KEYS[1]  when the bucket is full again, microseconds since 1970; missing means that it is
-- ARGV[1]  microseconds in which one token comes back
-- ARGV[2]  tokens of a full bucket
-- returns  { 1 when one was taken else 0, tokens left, milliseconds until there is one again (0 when one was taken) }
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, size = tonumber(ARGV[1]), tonumber(ARGV[2])
-- Never further away than from an empty bucket, also after the clock was set back.
local full = math.max(now, math.min(tonumber(redis.call('GET', KEYS[1]) or now), now + size * interval))
local left = size - math.ceil((full - now) / interval)
if left <= 0 then
  return { 0, 0, math.ceil((full - now - (size - 1) * interval) / 1000) }
end
full = full + interval
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return { 1, left - 1, 0 }

-- Takes tokens from a bucket that refills steadily (GCRA: the bucket is one number, the time at which it is full).
-- KEYS[1]  when the bucket is full again, microseconds since 1970; missing means that it is
-- ARGV[1]  microseconds in which one token comes back
-- ARGV[2]  tokens of a full bucket
-- ARGV[3]  tokens wanted; fewer are given when fewer are left
-- returns  { given, left, milliseconds until there is one again (0 when all wanted were given) }
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, size, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- Never further away than from an empty bucket, also after the clock was set back.
local full = math.max(now, math.min(tonumber(redis.call('GET', KEYS[1]) or now), now + size * interval))
local free = math.max(0, size - math.ceil((full - now) / interval))
local given = math.min(wanted, free)
if given > 0 then
  full = full + given * interval
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
end
local wait = 0
if given < wanted then
  wait = math.ceil((full - now - (size - 1) * interval) / 1000)
end
return { given, free - given, wait }

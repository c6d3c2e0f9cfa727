-- Takes tokens from a bucket that refills steadily (GCRA: the bucket is one number, the time at which it is full).
-- KEYS[1]  "FULL SINCE": when the bucket is full again, and since when it has not been, microseconds since 1970;
--          missing means full
-- ARGV[1]  microseconds in which one token comes back
-- ARGV[2]  tokens of a full bucket
-- ARGV[3]  tokens wanted; fewer are given when fewer are left
-- ARGV[4]  tokens that were not spent and come back
-- ARGV[5]  the SINCE they were taken with: a bucket that was full after that has got them back already
-- returns  { given, left, milliseconds until there is one again (0 when some were given), SINCE }
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, size, wanted, unspent = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full, since = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
-- Never further away than from an empty bucket, also after the clock was set back.
full = math.min(tonumber(full or now), now + size * interval)
if full <= now then
  full, since = now, string.format('%.0f', now)
end
if since == ARGV[5] then
  full = math.max(now, full - unspent * interval)
end
local free = math.max(0, size - math.ceil((full - now) / interval))
local given = math.min(wanted, free)
local wait = 0
if given == 0 then
  wait = math.ceil((full - now - (size - 1) * interval) / 1000)
end
full = full + given * interval
redis.call('SET', KEYS[1], string.format('%.0f %s', full, since), 'PX', math.ceil((full - now) / 1000))
return { given, free - given, wait, since }

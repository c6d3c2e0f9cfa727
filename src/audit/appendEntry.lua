-- Appends an entry that continues the newest one, and drops those that are too old, in one step: two processes that
-- append at once must not continue the same entry.
--
-- KEYS[1]  the stream
-- KEYS[2]  its head, a hash: `hash` of the newest entry, `from`: what the oldest kept entry continues
-- ARGV[1]  the hash that the entry continues
-- ARGV[2]  the entry's own hash
-- ARGV[3]  the entry
-- ARGV[4]  days an entry is kept
--
-- Returns {1, id}; or {0, hash} when the newest entry is another one, and nothing was written

local newest = redis.call('HGET', KEYS[2], 'hash') or ''
if newest ~= ARGV[1] then return { 0, newest } end

local id = redis.call('XADD', KEYS[1], '*', 'prev', ARGV[1], 'hash', ARGV[2], 'entry', ARGV[3])
redis.call('HSET', KEYS[2], 'hash', ARGV[2])
local oldest = redis.call('TIME')[1] * 1000 - ARGV[4] * 86400000
if oldest > 0 and redis.call('XTRIM', KEYS[1], 'MINID', string.format('%d', oldest)) > 0 then
  -- Where the chain begins from now on. Written here only, so that an entry taken out by hand leaves a gap.
  local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1][2]
  redis.call('HSET', KEYS[2], 'from', first[2])
end
return { 1, id }

-- Lets a snapshot take the place of the log up to where it was written.
--
-- KEYS[1]  the log
-- KEYS[2]  its head
-- KEYS[3]  the snapshot, a hash of parts
-- ARGV[1]  up to where it goes
-- ARGV[2]  its parts
--
-- Returns 1; or 0 when the log does not have that position any more, or parts have expired, and nothing was written

if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
if redis.call('HLEN', KEYS[3]) ~= tonumber(ARGV[2]) then return 0 end
redis.call('PERSIST', KEYS[3])
-- What is no hash there is of nobody's use.
if redis.call('TYPE', KEYS[2]).ok ~= 'hash' then redis.call('DEL', KEYS[2]) end
-- The one before is left to expire: a worker may be reading it.
local before = redis.call('HGET', KEYS[2], 'position')
if before then redis.call('EXPIRE', KEYS[3]:sub(1, #KEYS[3] - #ARGV[1]) .. before, 60) end
redis.call('HSET', KEYS[2], 'position', ARGV[1])
-- The entry at the position stays, so that who has read up to it goes on from it.
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[1])
return 1

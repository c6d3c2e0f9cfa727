-- Appends what a worker observed to the log that all of them learn from, and hands out what came since it read last.
--
-- KEYS[1]  the log, a stream
-- KEYS[2]  its head, a hash: `position` and `snapshot`, what had been learned up to there
-- KEYS[3]  held by whoever writes a snapshot
-- ARGV[1]  up to where the worker has read, `0-0` for nothing
-- ARGV[2]  the entry, '' for none
-- ARGV[3]  how long the log may get before a snapshot replaces it
-- ARGV[4]  ms for which one worker may take to write one
--
-- Returns {1, entries, snapshot due}; or {0} when what the worker has read is not what the log goes on from: a failover
-- lost it, or a snapshot has replaced more than it had read. Nothing was written then, and it loads again.

local position = ARGV[1]
-- What is no position is none: whoever loads takes it so too.
local from = redis.pcall('HGET', KEYS[2], 'position')
if type(from) ~= 'string' or not (string.find(from, '^%d+%-%d+$') and #from <= 31) then from = '0-0' end
if position ~= from and #redis.call('XRANGE', KEYS[1], position, position) == 0 then return { 0 } end

if ARGV[2] ~= '' then redis.call('XADD', KEYS[1], '*', 'entry', ARGV[2]) end
local entries = redis.call('XRANGE', KEYS[1], '(' .. position, '+', 'COUNT', 200)
local due = 0
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[3]) and redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[4]) then
  due = 1
end
return { 1, entries, due }

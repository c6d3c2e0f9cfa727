-- Those of some jobs that have failed. Preceded by index.lua.
--
-- KEYS[1]  {p}:failures:3
-- ARGV     ids of jobs
--
-- Returns {{job id, when it first failed, entry, …}, {cause id, what it is, …}}

local index = failures(KEYS[1])
local take, found, used = index.gather()
local entries = redis.call('HMGET', KEYS[1], unpack(ARGV))
local firsts = redis.call('ZMSCORE', index.since, unpack(ARGV))
for i, id in ipairs(ARGV) do
  if entries[i] and firsts[i] then take(id, firsts[i], entries[i]) end
end
return { found, used }

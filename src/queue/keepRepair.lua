-- Moves what is kept beside an edited job to the repairs, where it stays after the job is gone, and drops the repairs
-- that are too old.
--
-- KEYS[1]  edits, a hash: job id → JSON that ends with ']}'
-- KEYS[2]  repairs, a hash: job id → JSON
-- KEYS[3]  when each of them ended, a sorted set: job id → ms
-- KEYS[4]  the job's hash; `counted` in it when it was by this job that the order counted
-- KEYS[5]  the queue's completed jobs
-- ARGV[1]  job id
-- ARGV[2]  now, ms since 1970
-- ARGV[3]  how long a repair is kept, ms
-- ARGV[4]  how it ended, JSON; '' when nobody knows: then it moves only if the job has completed or is not there any more
-- ARGV[5]  now, ISO
--
-- Returns 1 when it was moved, 0 when there was nothing to move

local old = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[2] - ARGV[3], 'LIMIT', 0, 100)
for _, id in ipairs(old) do
  redis.call('HDEL', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
end

local kept = redis.call('HGET', KEYS[1], ARGV[1])
if not kept then return 0 end

local outcome = ARGV[4]
if outcome == '' then
  local how
  if redis.call('EXISTS', KEYS[4]) == 0 then
    how = 'gone'
  elseif redis.call('ZSCORE', KEYS[5], ARGV[1]) then
    how = 'completed'
  else
    return 0
  end
  outcome = string.format('{"at":"%s","outcome":"%s"}', ARGV[5], how)
end

-- Whoever counted it did not hear so before Redis or the worker died; run again it looked like a duplicate.
if redis.call('HGET', KEYS[4], 'counted') then
  outcome = string.gsub(outcome, '"outcome":"%a+"', '"outcome":"counted"', 1)
end

-- The id of a message comes back when SQS delivers it again after its job was dropped: both repairs are kept.
local name = ARGV[1]
if redis.call('HEXISTS', KEYS[2], name) == 1 then name = name .. '@' .. ARGV[2] end
redis.call('HSET', KEYS[2], name, string.sub(kept, 1, -2) .. ',"outcome":' .. outcome .. '}')
redis.call('ZADD', KEYS[3], ARGV[2], name)
redis.call('HDEL', KEYS[1], ARGV[1])
return 1

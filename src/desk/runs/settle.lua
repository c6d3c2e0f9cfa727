-- Looks what became of the jobs that a run has sent, those that wait longest first.
--
-- KEYS[1]  the queue's failed jobs
-- KEYS[2]  its completed jobs
-- KEYS[3]  sent
-- KEYS[4]  counts
-- KEYS[5]  todo
-- ARGV[1]  what the key of a job begins with
-- ARGV[2]  how many to look at
--
-- Returns the counts, and how many are still to come and on their way: {todo, on their way, field, value, …}

for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, ARGV[2] - 1)) do
  local became
  if redis.call('ZSCORE', KEYS[1], id) then
    became = 'failed'
  elseif redis.call('ZSCORE', KEYS[2], id) or redis.call('EXISTS', ARGV[1] .. id) == 0 then
    became = 'ended'
  end
  if became then
    redis.call('ZREM', KEYS[3], id)
    redis.call('HINCRBY', KEYS[4], became, 1)
  end
end
return { redis.call('ZCARD', KEYS[5]), redis.call('ZCARD', KEYS[3]), unpack(redis.call('HGETALL', KEYS[4])) }

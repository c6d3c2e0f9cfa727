-- Puts a job where it belongs, its data and its place in one step: a run that was killed and comes again can tell
-- by the data that the place is taken, and a list would hold the job twice otherwise.
--
-- KEYS[1]  the job's hash
-- KEYS[2]  its place: a list, or a sorted set
-- ARGV[1]  job id
-- ARGV[2]  score in the sorted set; '' for a list, where the newest is on the left
-- ARGV[3…] fields and values of the hash
--
-- Returns 1 when the job is there, now or from before; 0 when another job has this id, and nothing was written

local there = redis.call('HGETALL', KEYS[1])
if #there > 0 then
  if #there ~= #ARGV - 2 then return 0 end
  local fields = {}
  for i = 1, #there, 2 do fields[there[i]] = there[i + 1] end
  for i = 3, #ARGV, 2 do
    if fields[ARGV[i]] ~= ARGV[i + 1] then return 0 end
  end
  return 1
end

redis.call('HSET', KEYS[1], unpack(ARGV, 3))
if ARGV[2] == '' then
  redis.call('LPUSH', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
end
return 1

-- Changes what is kept of a person, unless somebody else has meanwhile.
-- KEYS[1]  hash: id → person as JSON
-- ARGV[1]  id
-- ARGV[2]  what was seen, '' for nobody
-- ARGV[3]  what is to be kept, '' for nobody
-- returns  1 when it was changed, 0 when something else than what was seen is there
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1

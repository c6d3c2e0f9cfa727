-- Charges a call to the day's budget before it is made, at the most that it can cost.
-- KEYS[1]  hash: `day` (since 1970, UTC), `nano` dollars, `tokens`, `calls`, `outcome:<name>`; of one day only
-- ARGV[1]  most nanodollars of the call
-- ARGV[2]  most tokens of the call
-- ARGV[3]  nanodollars of a day
-- ARGV[4]  tokens of a day
-- returns  { 1 when it may be made, the day it is charged to }
local day = tostring(math.floor(redis.call('TIME')[1] / 86400))
if redis.call('HGET', KEYS[1], 'day') ~= day then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'day', day)
  redis.call('EXPIRE', KEYS[1], 172800)
end
-- What nobody can read may be any amount: no more is spent that day.
local nano = tonumber(redis.call('HGET', KEYS[1], 'nano') or 0) or tonumber(ARGV[3])
local tokens = tonumber(redis.call('HGET', KEYS[1], 'tokens') or 0) or tonumber(ARGV[4])
if nano + ARGV[1] > tonumber(ARGV[3]) or tokens + ARGV[2] > tonumber(ARGV[4]) then
  redis.pcall('HINCRBY', KEYS[1], 'outcome:over_budget', 1)
  return { 0, day }
end
redis.call('HINCRBY', KEYS[1], 'nano', ARGV[1])
redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[2])
redis.pcall('HINCRBY', KEYS[1], 'calls', 1)
return { 1, day }

-- Corrects what a call was charged by what it cost, and counts how it ended.
-- KEYS[1]  hash: see reserve.lua
-- ARGV[1]  the day it was charged to; another day's budget is left alone
-- ARGV[2]  nanodollars to add, below 0 to give back
-- ARGV[3]  tokens to add, below 0 to give back
-- ARGV[4]  how it ended
-- returns  nothing
if redis.call('HGET', KEYS[1], 'day') ~= ARGV[1] then
  return
end
redis.call('HINCRBY', KEYS[1], 'nano', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'tokens', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'outcome:' .. ARGV[4], 1)

-- Drops per-user detail of the days before one, and says so: readers then refuse those days, and no order brings
-- them back.
--
-- KEYS[1]  {p}:stats:detail
-- KEYS[2…] the keys to drop, in its slot
-- ARGV[1]  first day that is kept, YYYY-MM-DD
--
-- Returns how many keys were dropped. A day before the one recorded changes nothing: clocks differ.

if ARGV[1] < (redis.call('HGET', KEYS[1], 'from') or '') then return 0 end
-- Dropping comes first: a Redis that is full takes no other write before there is room.
local dropped = 0
for i = 2, #KEYS do dropped = dropped + redis.call('UNLINK', KEYS[i]) end
redis.call('HSET', KEYS[1], 'from', ARGV[1])
return dropped

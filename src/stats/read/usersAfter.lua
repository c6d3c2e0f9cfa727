-- The users of one period in order, largest spend first, those of equal spend by their bytes descending: a page of
-- them, from the first one strictly after a place.
--
-- KEYS[1]  zset: user → minor units
-- KEYS[2]  {p}:stats:detail
-- ARGV[1]  most users
-- ARGV[2]  minor units of the place; '+inf' for the beginning
-- ARGV[3]  user id of the place; it need not be in this zset
--
-- Returns { from, user, minor units, user, minor units, … }; `from` is '' when every day is kept.
--
-- Reads only. The place is looked up by halving those of equal spend, so a page costs the same wherever it begins
-- and however many are tied.

local limit, amount, member = tonumber(ARGV[1]), ARGV[2], ARGV[3]

-- Not `<`: Lua compares in the collation of the locale Redis was started in.
local function is_before(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return #a < #b
end

local low = 0
if amount ~= '+inf' then
  low = redis.call('ZCOUNT', KEYS[1], '(' .. amount, '+inf')
  local high = redis.call('ZCOUNT', KEYS[1], amount, '+inf')
  while low < high do
    local middle = math.floor((low + high) / 2)
    local at = redis.call('ZREVRANGE', KEYS[1], middle, middle)[1]
    if is_before(at, member) then high = middle else low = middle + 1 end
  end
end

local page = redis.call('ZREVRANGE', KEYS[1], low, low + limit - 1, 'WITHSCORES')
table.insert(page, 1, redis.call('HGET', KEYS[2], 'from') or '')
return page

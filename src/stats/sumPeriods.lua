-- Adds up what all users of a partition ordered in some days and in a run of whole months. Reads only. An entry that
-- is no number ends it with an error.
-- KEYS[1]   days hash, `<day>:orders` and `<day>:revenue`
-- KEYS[2]   months hash, the same by month
-- ARGV[1]   first whole month, or '' for none
-- ARGV[2]   last whole month
-- ARGV[3..] days; at most 60, the edges of a range
-- returns   { orders, revenue }, as text: as numbers they would lose what is above 2^53 or behind the point unseen
local sub, byte = string.sub, string.byte
local orders, revenue = 0, 0

if #ARGV > 2 then
  local fields = {}
  for i = 3, #ARGV do
    fields[2 * i - 5] = ARGV[i] .. ':orders'
    fields[2 * i - 4] = ARGV[i] .. ':revenue'
  end
  local values = redis.call('HMGET', KEYS[1], unpack(fields))
  for i = 1, #values, 2 do
    orders = orders + (values[i] or 0)
    revenue = revenue + (values[i + 1] or 0)
  end
end

if ARGV[1] ~= '' then
  local first, last = ARGV[1], ARGV[2]
  local months = redis.call('HGETALL', KEYS[2])
  for i = 1, #months, 2 do
    local field = months[i]
    local month = sub(field, 1, 7)
    if month >= first and month <= last then
      -- The ninth letter is the first behind the colon: o of orders, or r of revenue.
      if byte(field, 9) == 111 then
        orders = orders + months[i + 1]
      else
        revenue = revenue + months[i + 1]
      end
    end
  end
end

return { string.format('%.17g', orders), string.format('%.17g', revenue) }

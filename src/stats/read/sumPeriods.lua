-- Adds up what all users of a partition ordered in a run of whole years and in runs of months and days, some of which
-- are taken off. Reads only, at one moment. An entry that is no number ends it with an error.
-- KEYS[1]   days hash, `<day>:orders` and `<day>:revenue`
-- KEYS[2]   months hash, the same by month
-- KEYS[3]   years hash, the same by year
-- ARGV[1]   first year, or '' for none
-- ARGV[2]   last year
-- ARGV[3..] four for each run: 1 or -1, the year or month it lies in, number of its first month or day there, of its last
-- returns   { orders, revenue }, as text: as numbers they would lose what is above 2^53 or behind the point unseen
local sub, byte, format = string.sub, string.byte, string.format
local orders, revenue = 0, 0

if ARGV[1] ~= '' then
  local first, last = ARGV[1], ARGV[2]
  local years = redis.call('HGETALL', KEYS[3])
  for i = 1, #years, 2 do
    local field = years[i]
    local year = sub(field, 1, 4)
    if year >= first and year <= last then
      -- The sixth letter is the first behind the colon: o of orders, or r of revenue.
      if byte(field, 6) == 111 then
        orders = orders + years[i + 1]
      else
        revenue = revenue + years[i + 1]
      end
    end
  end
end

for run = 3, #ARGV, 4 do
  local sign, of = tonumber(ARGV[run]), ARGV[run + 1]
  local fields, size = {}, 0
  for number = tonumber(ARGV[run + 2]), tonumber(ARGV[run + 3]) do
    local period = format('%s-%02d', of, number)
    fields[size + 1], fields[size + 2] = period .. ':orders', period .. ':revenue'
    size = size + 2
  end
  local values = redis.call('HMGET', #of == 4 and KEYS[2] or KEYS[1], unpack(fields))
  for i = 1, size, 2 do
    orders = orders + sign * (values[i] or 0)
    revenue = revenue + sign * (values[i + 1] or 0)
  end
end

return { format('%.17g', orders), format('%.17g', revenue) }

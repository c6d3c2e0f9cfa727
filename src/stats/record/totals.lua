-- The totals: orders and minor units of the partition, of each user, of each day, month and year, and of each user in
-- a day and a month; and how many users are new in a day, month and year: in those of the first order that was counted
-- for them, by arrival. A total is { orders, amount }, `changed` once an order was added, or has a `fault` instead.
--
-- Lua unpacks some 8,000 values at most: what goes with the orders of a call stays below that for a few hundred of them.
--
-- Needs: the call.
-- Gives: open, expect, read_details, add and all, which write nothing; write_global, write_users, write_new_users and
-- write_periods.

local MAX_ORDERS = 9007199254740991
-- The room of a total, in minor units: 2^46 units of the currency, up to where a double carries every cent.
local ROOM = 7036874417766400

local global_key, by_spend, by_count = prefix .. 'global:stats', prefix .. 'users:by_spend', prefix .. 'users:by_count'
local days_key, months_key, years_key = prefix .. 'stats:days', prefix .. 'stats:months', prefix .. 'stats:years'

local new_key = prefix .. 'stats:new_users'

local global, detail_from, spenders, new_after
-- New users of a period, once there is one more.
local new_users = {}
local users, periods = {}, {}
-- The day and the month of each order, among the periods.
local days, months = {}, {}

local function pair_of(key, first, second)
  local reply = redis.pcall('HMGET', key, first, second)
  if failed(reply) then return nil, reply.err end
  local a, b = whole(reply[1] or '0', MAX_ORDERS), whole(reply[2] or '0', ROOM)
  if not a or not b then return nil, 'no usable number in ' .. key end
  return { orders = a, amount = b }
end

-- Reads what every order needs; returns what is in the way of all of them.
function totals.open()
  local found, fault = pair_of(global_key, 'total_orders', 'total_revenue')
  global = found
  spenders = redis.pcall('ZCARD', by_spend)
  new_after = redis.pcall('HGET', new_key, 'after')
  fault = fault or failed(spenders) or failed(redis.pcall('ZCARD', by_count)) or failed(new_after)

  -- Detail of earlier days was dropped and must not begin again: a day would look complete that is not.
  detail_from = redis.pcall('HGET', prefix .. 'stats:detail', 'from')
  fault = fault or failed(detail_from)
  detail_from = detail_from or ''
  return fault
end

local function user_of(id)
  local user = users[id]
  if not user then
    local found, fault = pair_of(prefix .. 'user:' .. id, 'order_count', 'total_spend')
    user = found or { fault = fault }
    users[id] = user
  end
  return user
end

local function period_of(key, name)
  local period = periods[name]
  if not period then
    local found, fault = pair_of(key, name .. ':orders', name .. ':revenue')
    period = found or { fault = fault }
    period.key, period.ids, period.of = key, {}, {}
    periods[name] = period
  end
  return period
end

local function belongs_to(period, id)
  if not period.of[id] then
    period.ids[#period.ids + 1] = id
    period.of[id] = { orders = 0, amount = 0 }
  end
end

-- Order i of the call will need these. Of years nothing is kept by user: they are read when an order needs them.
function totals.expect(i, user_id, day)
  days[i], months[i] = period_of(days_key, day), period_of(months_key, sub(day, 1, 7))
  belongs_to(days[i], user_id)
  belongs_to(months[i], user_id)
end

-- What each user of the batch has in a period already.
local function read_detail(name, period)
  local spend_key, counts_key = prefix .. 'spend:' .. name, prefix .. 'counts:' .. name
  local amounts = redis.pcall('ZMSCORE', spend_key, unpack(period.ids))
  if failed(amounts) then return amounts.err end
  local counts = redis.pcall('HMGET', counts_key, unpack(period.ids))
  if failed(counts) then return counts.err end
  for i, id in ipairs(period.ids) do
    local detail, amount = period.of[id], tonumber(amounts[i] or 0)
    -- A score is a number for certain, and Redis may write a whole one as 1e+15.
    if amount < 0 or amount > ROOM or amount % 1 ~= 0 then detail.fault = 'no usable number in ' .. spend_key end
    local orders = whole(counts[i] or '0', MAX_ORDERS)
    if not orders then detail.fault = 'no usable number in ' .. counts_key end
    detail.amount, detail.orders = amount, orders
  end
end

-- Once for all that is expected, so that a period is asked for all its users together.
function totals.read_details()
  for name, period in pairs(periods) do
    period.detailed = period.key == months_key or name >= detail_from
    if period.detailed and not period.fault then period.fault = read_detail(name, period) end
  end
end

-- Counts one more new user in these periods; or in none and returns what is in the way.
local function add_new_user(...)
  for _, name in ipairs({ ... }) do
    if not new_users[name] then
      local known = whole(redis.call('HGET', new_key, name) or '0', MAX_ORDERS)
      if not known then return 'no usable number in ' .. new_key end
      new_users[name] = known
    end
  end
  for _, name in ipairs({ ... }) do new_users[name] = new_users[name] + 1 end
end

-- Adds order i, as expected before, to every total it belongs to; or adds nothing and returns what is in the way.
function totals.add(i, user_id, amount, day)
  local user, by_day, by_month = user_of(user_id), days[i], months[i]
  local by_year = period_of(years_key, sub(day, 1, 4))
  local of_day, of_month = by_day.of[user_id], by_month.of[user_id]
  local fault = user.fault or by_day.fault or by_month.fault or by_year.fault or of_day.fault or of_month.fault
  if fault then return fault end
  local touched = { global, user, by_day, by_month, by_year, of_day, of_month }
  for _, total in ipairs(touched) do
    if total.amount + amount > ROOM then return 'a total would pass its room of 70368744177664.00' end
    if total.orders + 1 > MAX_ORDERS then return 'a count of orders would pass 2^53' end
  end

  fault = user.orders == 0 and add_new_user(day, sub(day, 1, 7), sub(day, 1, 4))
  if fault then return fault end
  for _, total in ipairs(touched) do
    total.orders, total.amount, total.changed = total.orders + 1, total.amount + amount, true
  end
end

-- Orders and minor units of the partition as they are by now.
function totals.all()
  return { orders = global.orders, amount = global.amount }
end

function totals.write_global()
  redis.call('HSET', global_key, 'total_orders', global.orders, 'total_revenue', global.amount)
end

function totals.write_users()
  local spends, counts = {}, {}
  for id, user in pairs(users) do
    if user.changed then
      redis.call('HSET', prefix .. 'user:' .. id, 'order_count', user.orders, 'total_spend', user.amount)
      spends[#spends + 1], spends[#spends + 2] = user.amount, id
      counts[#counts + 1], counts[#counts + 2] = user.orders, id
    end
  end
  redis.call('ZADD', by_spend, unpack(spends))
  redis.call('ZADD', by_count, unpack(counts))
end

-- Before the periods: what was counted by versions that did not keep this is told by the days there are.
function totals.write_new_users()
  local fields = {}
  for name, count in pairs(new_users) do
    fields[#fields + 1], fields[#fields + 2] = name, count
  end
  if not new_after then
    local last = '0000-12-31'
    for _, field in ipairs(redis.call('HKEYS', days_key)) do
      local day = sub(field, 1, 10)
      if day > last then last = day end
    end
    local size = #fields
    fields[size + 1], fields[size + 2], fields[size + 3], fields[size + 4] = 'after', last, 'before', spenders
  end
  if #fields > 0 then redis.call('HSET', new_key, unpack(fields)) end
end

function totals.write_periods()
  for name, period in pairs(periods) do
    if period.changed then
      redis.call('HSET', period.key, name .. ':orders', period.orders, name .. ':revenue', period.amount)
      if period.detailed then
        local amounts, counts = {}, {}
        for _, id in ipairs(period.ids) do
          local detail = period.of[id]
          if detail.changed then
            amounts[#amounts + 1], amounts[#amounts + 2] = detail.amount, id
            counts[#counts + 1], counts[#counts + 2] = id, detail.orders
          end
        end
        redis.call('ZADD', prefix .. 'spend:' .. name, unpack(amounts))
        redis.call('HSET', prefix .. 'counts:' .. name, unpack(counts))
      end
    end
  end
end

-- The index of a partition's failed orders, in front of every script that changes it: failures(key), of {p}:failures.
--
-- {p}:failures          hash: job id → [failed at by the failed set, failed at by Redis, minor units or null, order id,
--                       user id, attempts, [[reason, path], …]]. Times in ms. Without a reason it failed by a fault.
-- {p}:failures:since    zset: job id → when it first failed, ms
-- {p}:failures:sums     hash: orders, minor_units, unknown, and the three for each reason, like wrong_type:orders
-- {p}:failures:retried  zset: job id → when it first failed, ms; of those retried since, until they end

local function failures(key)
  local since, sums, retried = key .. ':since', key .. ':sums', key .. ':retried'
  local index = {}

  local function add(text, sign)
    local entry = cjson.decode(text)
    local units = entry[3] ~= cjson.null and entry[3]
    local names, seen = { '' }, {}
    for _, issue in ipairs(entry[7]) do
      local name = issue[1] .. ':'
      if not seen[name] then table.insert(names, name) end
      seen[name] = true
    end
    if #entry[7] == 0 then table.insert(names, 'fault:') end
    for _, name in ipairs(names) do
      redis.call('HINCRBY', sums, name .. 'orders', sign)
      redis.call('HINCRBY', sums, name .. (units and 'minor_units' or 'unknown'), sign * (units or 1))
    end
  end

  -- What waits for more than `room` (minor units) in all would not be told exactly any more: the rest is unknown.
  function index.note(id, failed_on, last, units, room, rest)
    local first = redis.call('ZSCORE', since, id) or redis.call('ZSCORE', retried, id) or last
    index.leave(id, false)
    redis.call('ZREM', retried, id)
    local total = tonumber(redis.call('HGET', sums, 'minor_units') or 0)
    if units == '' or total + units > room then units = 'null' end
    local text = '[' .. failed_on .. ',' .. last .. ',' .. units .. ',' .. rest
    redis.call('HSET', key, id, text)
    redis.call('ZADD', since, first, id)
    add(text, 1)
  end

  -- `retries`: it may fail again, and has failed since the first time then.
  function index.leave(id, retries)
    local text = redis.call('HGET', key, id)
    if not text then return end
    local first = redis.call('ZSCORE', since, id)
    redis.call('HDEL', key, id)
    redis.call('ZREM', since, id)
    if retries and first then redis.call('ZADD', retried, first, id) end
    -- What somebody wrote there by hand was never added up.
    pcall(add, text, -1)
    if redis.call('EXISTS', key) == 0 then redis.call('DEL', sums) end
  end

  -- It is not in the failed set any more.
  function index.left(id, job, completed)
    local ended = redis.call('EXISTS', job) == 0 or redis.call('ZSCORE', completed, id)
    index.leave(id, not ended)
    if ended then redis.call('ZREM', retried, id) end
  end

  return index
end

-- The index of a partition's failed orders, in front of every script that changes it: failures(key), of {p}:failures.
--
-- {p}:failures          hash: job id → [failed at by the failed set, failed at by Redis, minor units or null, order id,
--                       user id, attempts, [[reason, path], …], [cause id, …], user]. Times in ms. Without a reason it
--                       failed by a fault. `user` is a short hash, '' for none
-- {p}:failures:since    zset: job id → when it first failed, ms
-- {p}:failures:sums     hash: orders, minor_units, unknown, and the three for each reason, like wrong_type:orders
-- {p}:failures:causes   hash: for each cause <id>:cause, what it is (see shape.ts), and its orders, minor_units, unknown,
--                       users, first, last and newest: when the first of its orders failed first, the last one
--                       last, and the one that was new last failed first, ms
-- {p}:failures:users    hash: cause id and user → orders of that user there
-- {p}:failures:retried  zset: job id → when it first failed, ms; of those retried since, until they end

local function failures(key)
  local since, sums, retried = key .. ':since', key .. ':sums', key .. ':retried'
  local causes, users = key .. ':causes', key .. ':users'
  local FIELDS = { 'cause', 'orders', 'minor_units', 'unknown', 'users', 'first', 'last', 'newest' }
  -- Some 1,000 causes.
  local MOST_FIELDS = 7000
  local index = {}

  local function count(id, units, user, sign)
    local left = redis.call('HINCRBY', causes, id .. ':orders', sign)
    redis.call('HINCRBY', causes, id .. (units and ':minor_units' or ':unknown'), sign * (units or 1))
    if user ~= '' then
      local of_user = redis.call('HINCRBY', users, id .. user, sign)
      if sign == 1 and of_user == 1 then redis.call('HINCRBY', causes, id .. ':users', 1) end
      if of_user == 0 then
        redis.call('HDEL', users, id .. user)
        redis.call('HINCRBY', causes, id .. ':users', -1)
      end
    end
    if left == 0 then
      for _, field in ipairs(FIELDS) do redis.call('HDEL', causes, id .. ':' .. field) end
    end
  end

  -- Ids of the causes; values of which none looks like another are one cause once there are too many.
  local function name(texts, first, last)
    local ids, seen = {}, {}
    for _, text in ipairs(texts) do
      local id = string.sub(redis.sha1hex(text), 1, 10)
      if redis.call('HEXISTS', causes, id .. ':orders') == 0 then
        if redis.call('HLEN', causes) >= MOST_FIELDS then
          text = string.match(text, '^.-\n.-\n') .. '…'
          id = string.sub(redis.sha1hex(text), 1, 10)
        end
        redis.call('HSET', causes, id .. ':cause', text)
      end
      local known = redis.call('HMGET', causes, id .. ':first', id .. ':last', id .. ':newest')
      if not known[1] or tonumber(known[1]) > tonumber(first) then redis.call('HSET', causes, id .. ':first', first) end
      if not known[2] or tonumber(known[2]) < tonumber(last) then redis.call('HSET', causes, id .. ':last', last) end
      if not known[3] or tonumber(known[3]) < tonumber(first) then redis.call('HSET', causes, id .. ':newest', first) end
      if not seen[id] then table.insert(ids, id) end
      seen[id] = true
    end
    return ids
  end

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
    for _, id in ipairs(entry[8] or {}) do count(id, units, entry[9], sign) end
  end

  -- What waits for more than `room` (minor units) in all would not be told exactly any more: the rest is unknown.
  function index.note(id, failed_on, last, units, room, rest, texts, user)
    local first = redis.call('ZSCORE', since, id) or redis.call('ZSCORE', retried, id) or last
    index.leave(id, false)
    redis.call('ZREM', retried, id)
    local total = tonumber(redis.call('HGET', sums, 'minor_units') or 0)
    if units == '' or total + units > room then units = 'null' end
    local ids = '["' .. table.concat(name(texts, first, last), '","') .. '"]'
    local text = '[' .. table.concat({ failed_on, last, units, rest, ids, '"' .. user .. '"' }, ',') .. ']'
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
    if redis.call('EXISTS', key) == 0 then redis.call('DEL', sums, causes, users) end
  end

  -- Whether an entry was written by a version that knew no causes.
  function index.is_older(text)
    return not string.find(text, '"%],"[%w_-]*"%]$')
  end

  -- It is not in the failed set any more.
  function index.left(id, job, completed)
    local ended = redis.call('EXISTS', job) == 0 or redis.call('ZSCORE', completed, id)
    index.leave(id, not ended)
    if ended then redis.call('ZREM', retried, id) end
  end

  return index
end

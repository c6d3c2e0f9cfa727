-- The index of a partition's failed orders, in front of every script that changes it: failures(key), of {p}:failures:2.
-- The number is that of its layout, see store/keys.ts.
--
-- {p}:failures:2          hash: job id → an entry, as short as it can be: a million orders are a million of them, see below
-- {p}:failures:2:sums     hash: orders, minor_units, unknown, and the three for each reason, like wrong_type:orders
-- {p}:failures:2:causes   hash: for each cause <id>:cause, what it is (see shape.ts), and its orders, minor_units, unknown,
--                         users, first, last and newest: when the first of its orders failed first, the last one
--                         last, and the one that was new last failed first, ms
-- {p}:failures:2:users    hash: cause id and user → orders of that user there
-- {p}:failures:2:hours    hash: <cause id>:<hour % 48> → hour × 2^32 + orders of the cause that failed first in that hour;
--                         hours since 1970
-- {p}:failures:since      zset: job id → when it first failed, ms
-- {p}:failures:retried    zset: job id → when it first failed, ms; of those retried since, until they end
--
-- An entry is `failed late[xattempts] units user+causes places"order id","user id`:
--
-- failed    when, ms, as the failed set says
-- late      ms after that by the clock of Redis
-- attempts  runs so far, unless it is one
-- units     minor units, '-' when unknown
-- user      '=': a hash of the user id as it stands there; or that hash and ':'; '-' for none. `causes` follows at once
-- causes    ids, ten digits each
-- places    an issue each: a letter for its cause, the first is 'a', and positions, like 'a0b1.2'; '-' for a fault
--
-- The ids are JSON without what would follow the last one.

local function failures(key)
  local times = string.match(key, '^(.*):%d+$')
  local since, retried = times .. ':since', times .. ':retried'
  local sums, causes, users, hours = key .. ':sums', key .. ':causes', key .. ':users', key .. ':hours'
  local FIELDS = { 'cause', 'orders', 'minor_units', 'unknown', 'users', 'first', 'last', 'newest' }
  -- Some 1,000 causes.
  local MOST_FIELDS = 7000
  local HOUR_MS, HOURS, SHIFT = 3600000, 48, 4294967296
  local ID = string.rep('%x', 10)
  local index, texts = { since = since, retried = retried }, {}

  -- What a cause is; nil when the index does not know it, which only somebody who has spoiled it can bring about.
  function index.cause(id)
    texts[id] = texts[id] or redis.call('HGET', causes, id .. ':cause')
    return texts[id]
  end

  -- Of the user id as it stands there; of one that JSON has escaped something else, which matches no user's.
  local function hash_of(names)
    return string.sub(redis.sha1hex(string.match(names, '"([^"\\]*)$') or ''), 1, 12)
  end

  local function count_hour(id, first, sign)
    local hour = math.floor(first / HOUR_MS)
    local field = id .. ':' .. hour % HOURS
    local held = tonumber(redis.call('HGET', hours, field) or 0)
    local held_hour = math.floor(held / SHIFT)
    if held_hour == hour then
      if held % SHIFT + sign <= 0 then
        redis.call('HDEL', hours, field)
      else
        redis.call('HINCRBY', hours, field, sign)
      end
    elseif sign == 1 and held_hour < hour then
      redis.call('HSET', hours, field, string.format('%.0f', hour * SHIFT + 1))
    end
  end

  local function count(id, units, user, first, sign)
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
    count_hour(id, first, sign)
    if left == 0 then
      local fields, slots = {}, {}
      for _, field in ipairs(FIELDS) do table.insert(fields, id .. ':' .. field) end
      for slot = 0, HOURS - 1 do table.insert(slots, id .. ':' .. slot) end
      redis.call('HDEL', causes, unpack(fields))
      redis.call('HDEL', hours, unpack(slots))
      texts[id] = nil
    end
  end

  -- Id of a cause; values of which none looks like another are one cause once there are too many.
  local function name(text, first, last)
    local id = string.sub(redis.sha1hex(text), 1, 10)
    local known = redis.call('HMGET', causes, id .. ':cause', id .. ':first', id .. ':last', id .. ':newest')
    if not known[1] then
      if redis.call('HLEN', causes) >= MOST_FIELDS and not string.find(text, '\n…$') then
        return name(string.match(text, '^.-\n.-\n') .. '…', first, last)
      end
      redis.call('HSET', causes, id .. ':cause', text)
    end
    if not known[2] or tonumber(known[2]) > tonumber(first) then redis.call('HSET', causes, id .. ':first', first) end
    if not known[3] or tonumber(known[3]) < tonumber(last) then redis.call('HSET', causes, id .. ':last', last) end
    if not known[4] or tonumber(known[4]) < tonumber(first) then redis.call('HSET', causes, id .. ':newest', first) end
    return id
  end

  local function add(text, first, sign)
    local units, user, ids, given = string.match(text, '^%S+ %S+ (%S+) (%x*[=:-])(%x+) [^"]+(".*)$')
    units = tonumber(units)
    user = user == '=' and hash_of(given) or string.sub(user, 1, -2)
    local names, seen = { '' }, {}
    for id in string.gmatch(ids, ID) do
      local reason = string.match(index.cause(id), '^[^\n]*') .. ':'
      if not seen[reason] then table.insert(names, reason) end
      seen[reason] = true
    end
    for _, name in ipairs(names) do
      redis.call('HINCRBY', sums, name .. 'orders', sign)
      redis.call('HINCRBY', sums, name .. (units and 'minor_units' or 'unknown'), sign * (units or 1))
    end
    for id in string.gmatch(ids, ID) do
      if not seen[id] then count(id, units, user, first, sign) end
      seen[id] = true
    end
  end

  -- The ids of its causes in one; nil when it is no entry.
  function index.causes_of(text)
    return string.match(text, '^%S+ %S+ %S+ %x*[=:-](%x+) ')
  end

  function index.each_of(ids)
    return string.gmatch(ids, ID)
  end

  -- What waits for more than `room` (minor units) in all would not be told exactly any more: the rest is unknown.
  function index.note(id, failed_on, last, room, noted)
    local first = redis.call('ZSCORE', since, id) or redis.call('ZSCORE', retried, id) or last
    index.leave(id, false)
    redis.call('ZREM', retried, id)
    local units, user = noted.units, noted.user
    local total = tonumber(redis.call('HGET', sums, 'minor_units') or 0)
    if units == '' or total + units > room then units = '-' end
    if user == '' then user = '-' elseif user == hash_of(noted.names) then user = '=' else user = user .. ':' end
    local ids = {}
    for _, text in ipairs(noted.causes) do table.insert(ids, name(text, first, last)) end
    local late = string.format('%.0f', last - failed_on)
    if tonumber(noted.attempts) ~= 1 then late = late .. 'x' .. noted.attempts end
    local parts = { failed_on, late, units, user .. table.concat(ids), noted.places .. noted.names }
    local text = table.concat(parts, ' ')
    redis.call('HSET', key, id, text)
    redis.call('ZADD', since, first, id)
    add(text, first, 1)
  end

  -- `retries`: it may fail again, and has failed since the first time then.
  function index.leave(id, retries)
    local first = redis.call('ZSCORE', since, id)
    local text = redis.call('HGET', key, id)
    redis.call('ZREM', since, id)
    if retries and first then redis.call('ZADD', retried, first, id) end
    if not text then return end
    redis.call('HDEL', key, id)
    -- Beside an older version, which knows the times alone, they may have gone first.
    first = first or redis.call('ZSCORE', retried, id)
    if not first then
      local failed_on, late = string.match(text, '^(%S+) (-?%d+)')
      first = (tonumber(failed_on) or 0) + (tonumber(late) or 0)
    end
    -- What somebody wrote there by hand was never added up.
    pcall(add, text, first, -1)
    if redis.call('EXISTS', key) == 0 then index.forget() end
  end

  -- Everything but the times, which nothing else knows: what is left is made anew from the jobs.
  function index.forget()
    redis.call('UNLINK', key, sums, causes, users, hours)
    texts = {}
  end

  -- Whether it has a sum for every order, and no more.
  function index.adds_up()
    return tonumber(redis.call('HGET', sums, 'orders') or 0) == redis.call('HLEN', key)
  end

  -- Whether it knows the causes that an entry names.
  function index.is_known(text)
    local ids = index.causes_of(text)
    if not ids then return false end
    for id in index.each_of(ids) do
      if not index.cause(id) then return false end
    end
    return true
  end

  -- It is not in the failed set any more.
  function index.left(id, job, completed)
    local ended = redis.call('EXISTS', job) == 0 or redis.call('ZSCORE', completed, id)
    index.leave(id, not ended)
    if ended then redis.call('ZREM', retried, id) end
  end

  return index
end

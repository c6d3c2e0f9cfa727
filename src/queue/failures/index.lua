-- The index of a partition's failed orders, in front of every script that changes it: failures(key), of {p}:failures:3.
-- The number is that of its layout, see store/keys.ts.
--
-- {p}:failures:3          hash: job id → an entry, as short as it can be: a million orders are a million of them, see below
-- {p}:failures:3:sums     hash: orders, minor_units, unknown, and the three for each reason, like wrong_type:orders
-- {p}:failures:3:causes   hash: for each cause <id>:cause, what it is (see shape.ts), and its orders, minor_units, unknown,
--                         users, first, last and newest: when the first of its orders failed first, the last one
--                         last, and the one that was new last failed first, ms
-- {p}:failures:3:users    hash: cause id and user → orders of that user there
-- {p}:failures:3:hours    hash: <cause id>:<hour % 48> → hour × 2^32 + orders of the cause that failed first in that hour;
--                         hours since 1970
-- {p}:failures:3:ids     hash: the first ten bits of a hash → when orders of such an order id or user first failed, see
--                         `post`
-- {p}:failures:since      zset: job id → when it first failed, ms
-- {p}:failures:retried    zset: job id → when it first failed, ms; of those retried since, until they end
--
-- An entry is `late[±since][xattempts] units+user+causes+places[!order]"order id","user id`:
--
-- late      ms from when it failed last, as the failed set says, to the same by the clock of Redis
-- since     ms from when it first failed to when it failed last, by the clock of Redis; unless they are one
-- attempts  runs so far, unless it is one
-- units     minor units, nothing when unknown
-- user      '=': by a hash of the user id as it stands there; or '~' and twelve digits of another hash; '-' for none
-- causes    ids, ten digits each
-- places    an issue each: a letter for its cause, the first is 'g', and positions, like 'g0h1.2'; nothing for a fault
-- order     twelve digits of a hash of its JSON, where the spelling of ids makes another one of it than capital letters do
--
-- The ids are JSON without what would follow the last one.

local function failures(key)
  local times = string.match(key, '^(.*):%d+$')
  local since, retried = times .. ':since', times .. ':retried'
  local sums, causes, users, hours = key .. ':sums', key .. ':causes', key .. ':users', key .. ':hours'
  local ids_of = key .. ':ids'
  local FIELDS = { 'cause', 'orders', 'minor_units', 'unknown', 'users', 'first', 'last', 'newest' }
  -- Some 1,000 causes.
  local MOST_FIELDS = 7000
  local HOUR_MS, HOURS, SHIFT = 3600000, 48, 4294967296
  local ID = string.rep('%x', 10)
  local POSTING, MOST_POSTED, TOO_MANY = 8, 4096, '-'
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

  -- An order id is looked for by a hash of its JSON in capital letters, or the one that the entry has; a user by the latter.
  function index.hash_of_order(names)
    local order = string.match(names, '^".-","')
    return order and order ~= '"","' and redis.sha1hex(string.upper(order)) or ''
  end

  local function bucket_of(hash)
    return string.format('%d', math.floor(tonumber(string.sub(hash, 1, 3), 16) / 4))
  end

  -- What is posted under a hash is six bytes for when the order first failed, and two of the hash: who
  -- looks for one finds it among those of that millisecond. One id of thousands of orders is not worth their bytes, as a
  -- scan finds it at once: where it would stand is '-' then, and whatever else would stand there is scanned for too.
  local function post(hash, first, sign)
    if hash == '' then return end
    local bucket = bucket_of(hash)
    local posting = struct.pack('>I6I2', first, tonumber(string.sub(hash, 4, 7), 16))
    local held = redis.call('HGET', ids_of, bucket) or ''
    if held == TOO_MANY then return end
    if sign == 1 then
      redis.call('HSET', ids_of, bucket, #held >= MOST_POSTED * POSTING and TOO_MANY or held .. posting)
      return
    end
    local at = 0
    repeat at = string.find(held, posting, at + 1, true) until not at or at % POSTING == 1
    if not at then return end
    held = string.sub(held, 1, at - 1) .. string.sub(held, at + POSTING)
    if held == '' then redis.call('HDEL', ids_of, bucket) else redis.call('HSET', ids_of, bucket, held) end
  end

  -- When those of a hash first failed, and others perhaps, as a set; nil when only a scan tells.
  function index.posted(hash, times)
    if hash == '' then return times end
    local held = redis.call('HGET', ids_of, bucket_of(hash)) or ''
    if held == TOO_MANY then return nil end
    local residue = struct.pack('>I2', tonumber(string.sub(hash, 4, 7), 16))
    for at = 1, #held, POSTING do
      if string.sub(held, at + 6, at + 7) == residue then times[struct.unpack('>I6', held, at)] = true end
    end
    return times
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
    if first then count_hour(id, first, sign) end
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

  -- Units, the hash of its user, the ids of its causes, its names, the hash of its order if that is not of the names.
  local function parts_of(text)
    local units, kind, ids, places, names = string.match(text, '^%S+ (%d*)([=~-])(%x+)([^"]*)(".*)$')
    local order = string.match(places or '', '!(%x+)$')
    if kind == '~' then return tonumber(units), string.sub(ids, 1, 12), string.sub(ids, 13), names, order end
    return tonumber(units), kind == '=' and hash_of(names) or '', ids, names, order
  end

  local function add(text, first, sign)
    local units, user, ids, given, order = parts_of(text)
    first = tonumber(first)
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
    if not first then return end
    for _, hash in ipairs({ order or index.hash_of_order(given), user }) do post(hash, first, sign) end
  end

  -- The ids of its causes in one; nil when it is no entry.
  function index.causes_of(text)
    local kind, ids = string.match(text, '^%S+ %d*([=~-])(%x+)')
    return kind == '~' and string.sub(ids, 13) or ids
  end

  -- When the failed set says that it failed, by its entry and by when it first failed; nil when one of them is none.
  function index.failed_on(first, text)
    local late, later = string.match(text or '', '^(-?%d+)([+-]?%d*)')
    return first and late and first + (tonumber(later) or 0) - late
  end

  -- Whether a job is called so, or its order or user. `begins`: the names of its entry do, in capital letters; `order`:
  -- the hash of that.
  function index.is_of(id, text, wanted)
    if id == wanted.job then return true end
    local _, user, _, names, order = parts_of(text)
    if not names then return false end
    if user == wanted.user then return true end
    if order then return order == string.sub(wanted.order, 1, #order) end
    return string.upper(string.sub(names, 1, #wanted.begins)) == wanted.begins
  end

  function index.each_of(ids)
    return string.gmatch(ids, ID)
  end

  -- Lists {job id, when it first failed, entry, …} and {cause id, what it is, …}, and what puts an entry into them.
  function index.gather()
    local found, used, seen = {}, {}, {}
    local function take(id, first, text)
      for _, each in ipairs({ id, first, text }) do table.insert(found, each) end
      for each in index.each_of(index.causes_of(text) or '') do
        if not seen[each] then
          table.insert(used, each)
          table.insert(used, index.cause(each) or '')
        end
        seen[each] = true
      end
    end
    return take, found, used
  end

  -- What waits for more than `room` (minor units) in all would not be told exactly any more: the rest is unknown.
  function index.note(id, failed_on, last, room, noted)
    local first = redis.call('ZSCORE', since, id) or redis.call('ZSCORE', retried, id) or last
    -- The failed set has the clocks of the workers.
    if tonumber(last) < tonumber(first) then last = first end
    index.leave(id, false, failed_on)
    redis.call('ZREM', retried, id)
    local units, user = noted.units, noted.user
    local total = tonumber(redis.call('HGET', sums, 'minor_units') or 0)
    if units == '' or total + units > room then units = '' end
    if user == '' then user = '-' elseif user == hash_of(noted.names) then user = '=' else user = '~' .. user end
    local ids = {}
    for _, text in ipairs(noted.causes) do table.insert(ids, name(text, first, last)) end
    local late = string.format('%.0f', last - failed_on)
    if tonumber(first) ~= tonumber(last) then late = late .. string.format('%+.0f', last - first) end
    if tonumber(noted.attempts) ~= 1 then late = late .. 'x' .. noted.attempts end
    local text = late .. ' ' .. units .. user .. table.concat(ids) .. noted.places .. noted.names
    redis.call('HSET', key, id, text)
    redis.call('ZADD', since, first, id)
    add(text, first, 1)
  end

  -- `retries`: it may fail again, and has failed since the first time then. `failed_on`: where the failed set has it still.
  function index.leave(id, retries, failed_on)
    local first = redis.call('ZSCORE', since, id)
    local text = redis.call('HGET', key, id)
    redis.call('ZREM', since, id)
    if retries and first then redis.call('ZADD', retried, first, id) end
    if not text then return end
    redis.call('HDEL', key, id)
    -- Beside an older version, which knows the times alone, they may have gone first.
    first = first or redis.call('ZSCORE', retried, id)
    -- The entry says how much later it first failed than the failed set says.
    if not first and failed_on then first = 2 * failed_on - (index.failed_on(failed_on, text) or failed_on) end
    -- What somebody wrote there by hand was never added up.
    pcall(add, text, first, -1)
    if redis.call('EXISTS', key) == 0 then index.forget() end
  end

  -- Everything but the times, which nothing else knows: what is left is made anew from the jobs.
  function index.forget()
    redis.call('UNLINK', key, sums, causes, users, hours, ids_of)
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

-- The ledger: which orders were counted, an identity and its digest each.
--
-- It is a hash of small hashes (linear hashing): bucket i of generation g is {p}:ledger:g:i, and one bucket is split
-- for every TARGET entries added, so buckets stay listpacks however many orders there are. Two generations are looked
-- up; the one before them is unlinked bit by bit. Where all that stands is in {p}:ledger.
--
-- Needs: the call.
-- Gives: open, look_up, remember and due, which write nothing; write, for what is remembered; close.

local TARGET = 56
local SPLITS = 8
-- Lua unpacks some 8,000 values at most, and a bucket has no bound while a split waits.
local SLICE = 1000
local SWEEP = 4
local MAX_STAND = 4294967296
local STAND = { 'generation', 'since', 'buckets', 'size', 'previous_buckets', 'stale_buckets' }
local STAND_AND_ARCHIVE = { 'generation', 'since', 'buckets', 'size', 'previous_buckets', 'stale_buckets', 'archive' }

local generation, since, buckets, size, previous_buckets, stale_buckets
-- The largest powers of two up to the buckets of this generation and of the one before.
local level, previous_level
local stand_changed = false
-- Digests of the orders this call counts, by identity, and where to write them.
local seen, new_entries = {}, {}

local function level_of(n)
  local level = 1
  while level * 2 <= n do level = level * 2 end
  return level
end

local function hash_of(identity)
  return struct.unpack('>I4', identity, 5)
end

local function index_of(hash, n, n_level)
  local index = hash % (n_level * 2)
  if index >= n then index = index - n_level end
  return index
end

local function bucket_key(g, index)
  return prefix .. 'ledger:' .. g .. ':' .. index
end

-- Reads where the ledger stands and begins a generation when one is due; or returns what is in the way.
function ledger.open()
  local time = replayed and { replayed.at, 0 } or redis.call('TIME')
  now_seconds, now_microseconds = tonumber(time[1]), tonumber(time[2])
  local now = now_seconds
  local stand = redis.call('HMGET', KEYS[1], unpack(archived and STAND_AND_ARCHIVE or STAND))
  local archive_stand = stand[7]
  stand[7] = nil
  local absent, least = { 1, now, 1, 0, 0, 0 }, { 1, 0, 1, 0, 0, 0 }
  for i = 1, 6 do
    local value = not stand[i] and absent[i] or whole(stand[i], MAX_STAND)
    if not value or value < least[i] then return 'no usable number in ' .. KEYS[1] end
    stand[i] = value
  end
  generation, since, buckets, size, previous_buckets, stale_buckets = unpack(stand)
  local fault = archived and archive.open(archive_stand)
  if fault then return fault end

  -- A rotation waits until the generation before is swept: a clock that jumps cannot leave buckets nobody names.
  if now - since >= window and stale_buckets == 0 and size > 0 then
    generation, since = generation + 1, now
    stale_buckets, previous_buckets, buckets, size = previous_buckets, buckets, 1, 0
    stand_changed = true
  end
  level, previous_level = level_of(buckets), level_of(previous_buckets)
end

-- The digest recorded for an identity and the bucket it belongs in, in this generation; or nil, nil and what is in the way.
function ledger.look_up(identity)
  local hash = hash_of(identity)
  local key = bucket_key(generation, index_of(hash, buckets, level))
  if seen[identity] then return seen[identity], key end
  local digest = redis.pcall('HGET', key, identity)
  if failed(digest) then return nil, nil, digest.err end
  if not digest and previous_buckets > 0 then
    digest = redis.pcall('HGET', bucket_key(generation - 1, index_of(hash, previous_buckets, previous_level)), identity)
    if failed(digest) then return nil, nil, digest.err end
  end
  return digest, key
end

function ledger.remember(key, identity, digest)
  seen[identity] = digest
  new_entries[#new_entries + 1] = { key, identity, digest }
end

function ledger.write()
  for _, entry in ipairs(new_entries) do
    -- What is counted again without being asked for may be there.
    size = size + redis.call('HSET', entry[1], entry[2], entry[3])
  end
  stand_changed = true
end

-- When the next generation is due.
function ledger.due()
  return since + window
end

local function put(key, entries)
  for from = 1, #entries, SLICE do
    local reply = redis.pcall('HSET', key, unpack(entries, from, math.min(from + SLICE - 1, #entries)))
    if failed(reply) then return false end
  end
  return true
end

local function split()
  local source_key, target_key = bucket_key(generation, buckets - level), bucket_key(generation, buckets)
  -- Asked first: a bucket that waits for its target grows, and would be read whole by every call.
  if failed(redis.pcall('HLEN', target_key)) then return false end
  local entries = redis.pcall('HGETALL', source_key)
  if failed(entries) then return false end
  local moved, kept = {}, {}
  for i = 1, #entries, 2 do
    local identity = entries[i]
    -- A field that is no identity stays where it is.
    local moves = #identity == 8 and hash_of(identity) % (level * 2) == buckets
    local half = moves and moved or kept
    half[#half + 1], half[#half + 2] = identity, entries[i + 1]
  end
  if #moved > 0 then
    -- Refused, if at all, with its first slice: from then on nothing stands between DEL and the entries kept.
    if not put(target_key, moved) then return false end
    -- Written anew rather than thinned out: a bucket that outgrew its listpack would stay a hash table for good.
    redis.call('DEL', source_key)
    put(source_key, kept)
  end
  buckets, stand_changed = buckets + 1, true
  if buckets == level * 2 then level = buckets end
  return true
end

-- Housekeeping: nothing here changes what is counted, so a fault here is left for the next call. `archive_stand` is to be
-- kept with where the ledger stands; nil when this call added nothing to the archive.
function ledger.close(duplicates, archive_stand)
  -- A few at a time: after a long wait many are due, and one call shall not pay for all.
  for _ = 1, SPLITS do
    if size <= buckets * TARGET or not split() then break end
  end

  if stale_buckets > 0 and #new_entries > 0 then
    for _ = 1, math.min(SWEEP, stale_buckets) do
      stale_buckets = stale_buckets - 1
      redis.call('UNLINK', bucket_key(generation - 2, stale_buckets))
    end
  end

  if stand_changed then
    local fields = { 'generation', generation, 'since', since, 'buckets', buckets, 'size', size,
      'previous_buckets', previous_buckets, 'stale_buckets', stale_buckets }
    if archive_stand then fields[13], fields[14] = 'archive', archive_stand end
    if replayed then fields[13], fields[14] = 'rebuilt', replayed.to end
    redis.call('HSET', KEYS[1], unpack(fields))
  end
  if duplicates > 0 then redis.pcall('HINCRBY', KEYS[1], 'duplicates', duplicates) end
end

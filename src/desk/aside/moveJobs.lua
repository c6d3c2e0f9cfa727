-- Moves failed jobs out of the way and back, or removes them for good. A job that is not where the call found it is left
-- alone. Preceded by failures/index.lua.
--
-- KEYS[1]  {p}:failures:3
-- KEYS[2]  the queue's failed jobs
-- KEYS[3]  those set aside: zset, job id → when it failed, ms; who did so and why stands on the job, as `aside`
-- ARGV[1]  what the key of a job begins with
-- ARGV[2]  'aside', 'restore', 'delete' (failed ones) or 'delete aside'
-- ARGV[3]  of 'aside': who, when and why, JSON that begins with '{'
-- ARGV[4…] two for each job: its id, and when it failed
--
-- Returns the ids of those that were moved or removed

local index = failures(KEYS[1])
local does = ARGV[2]
local from = (does == 'restore' or does == 'delete aside') and KEYS[3] or KEYS[2]
local done = {}

local function first_of(id, otherwise)
  return redis.call('ZSCORE', index.since, id) or otherwise
end

for i = 4, #ARGV, 2 do
  local id, failed_on = ARGV[i], ARGV[i + 1]
  local job = ARGV[1] .. id
  -- What somebody else wrote there bears no note, and is only deleted.
  local can_move = does == 'delete' or does == 'delete aside' or redis.call('TYPE', job).ok == 'hash'
  if can_move and redis.call('ZSCORE', from, id) == failed_on then
    redis.call('ZREM', from, id)
    if does == 'aside' then
      local first = first_of(id, failed_on)
      redis.call('ZADD', KEYS[3], failed_on, id)
      redis.call('HSET', job, 'aside', '{"first":' .. string.format('%.0f', first) .. ',' .. string.sub(ARGV[3], 2))
    elseif does == 'restore' then
      local ok, note = pcall(cjson.decode, redis.call('HGET', job, 'aside') or '')
      redis.call('ZADD', KEYS[2], failed_on, id)
      redis.call('HDEL', job, 'aside')
      -- From there the index takes it when the job is noted as failed again.
      redis.call('ZADD', index.retried, ok and note.first or failed_on, id)
    else
      redis.call('DEL', job, job .. ':logs', job .. ':dependencies', job .. ':processed', job .. ':failed')
    end
    if from == KEYS[2] then pcall(index.leave, id, false) end
    table.insert(done, id)
  end
end
return done

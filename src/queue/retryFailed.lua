-- Gives back to the workers the oldest jobs of a snapshot of the failed set, each at most once ever: an id leaves the
-- snapshot, and the index of failed orders, in the same step that retries it. Preceded by `reprocess`, which is BullMQ's own
-- script for one job, and by failures/index.lua.
--
-- KEYS[1]    the snapshot: zset, job id → when it failed (ms), as the failed set was at the call
-- KEYS[2…9]  BullMQ's keys: events, failed, wait, meta, active, marker, prioritized, pc
-- KEYS[10]   {p}:failures:3
-- ARGV[1]    what the key of a job begins with
-- ARGV[2]    how many to take at most
-- ARGV[3]    reason: only jobs that failed for it; empty for all
-- ARGV[4]    '1' to count only
-- ARGV[5]    ms after which the snapshot is dropped when nobody comes back for the rest
--
-- Returns {retried, of another reason, gone}: gone are those that somebody else retried or removed since the snapshot.
-- All three are 0 once the snapshot is used up.

local function hasReason(jobKey)
  if ARGV[3] == '' then return true end
  local sentence = '; ' .. (redis.call('HGET', jobKey, 'failedReason') or '')
  return sentence:find('; ' .. ARGV[3] .. ':', 1, true) ~= nil
end

local index = failures(KEYS[10])
local retried, others, gone = 0, 0, 0
local taken = redis.call('ZPOPMIN', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
for i = 1, #taken, 2 do
  local id = taken[i]
  local jobKey = ARGV[1] .. id
  -- Another time of failing means that it ran since: once more would be twice.
  if redis.call('ZSCORE', KEYS[3], id) ~= taken[i + 1] or redis.call('TYPE', jobKey).ok ~= 'hash' then
    gone = gone + 1
  elseif not hasReason(jobKey) then
    others = others + 1
  else
    if ARGV[4] ~= '1' then
      reprocess(
        { jobKey, KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9] },
        { id, 'LPUSH', 'failedReason', 'failed', '1', '0' }
      )
      -- An index that somebody has spoiled keeps no order from being retried.
      pcall(index.leave, id, true)
    end
    retried = retried + 1
  end
end
return { retried, others, gone }

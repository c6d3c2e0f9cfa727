-- Replaces the data of a job that has failed or waits for its next attempt, and keeps beside it what it was: one step,
-- so that there is no moment at which the only copy of what was sent is gone.
--
-- KEYS[1]  the job's hash
-- KEYS[2]  the queue's failed jobs
-- KEYS[3]  its delayed jobs
-- KEYS[4]  edits, a hash: job id → {"original":…,"failedReason":…,"edits":[…]}
-- ARGV[1]  job id
-- ARGV[2]  SHA-1 of the data as it was looked at
-- ARGV[3]  the new data
-- ARGV[4]  the edit, JSON
-- ARGV[5]  the name that tells a worker that the job was edited
-- ARGV[6]  bytes that may be kept beside one job
--
-- Returns 'done', 'missing' (no such job), 'state' (it is in no state in which it may be edited), 'changed' (its data is
-- not what was looked at), or 'full'

local data, reason = unpack(redis.call('HMGET', KEYS[1], 'data', 'failedReason'))
if not data then return 'missing' end
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) and not redis.call('ZSCORE', KEYS[3], ARGV[1]) then return 'state' end
if redis.sha1hex(data) ~= ARGV[2] then return 'changed' end

-- The data goes in as the text that it is: decoded and encoded again, long numbers and empty lists would not survive.
local kept = redis.call('HGET', KEYS[4], ARGV[1])
local longer
if kept then
  longer = string.sub(kept, 1, -3) .. ',' .. ARGV[4] .. ']}'
else
  longer = '{"original":' .. data .. ',"failedReason":' .. cjson.encode(reason or '') .. ',"edits":[' .. ARGV[4] .. ']}'
end
if #longer > tonumber(ARGV[6]) then return 'full' end

redis.call('HSET', KEYS[4], ARGV[1], longer)
redis.call('HSET', KEYS[1], 'data', ARGV[3], 'name', ARGV[5])
return 'done'

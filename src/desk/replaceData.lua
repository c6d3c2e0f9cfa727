-- Replaces the data of a job that has failed or waits for its next attempt, and keeps beside it what it was: one step,
-- so that there is no moment at which the only copy of what was sent is gone. In front of every script that does so.
--
-- keys  the job's hash, the queue's failed jobs, its delayed jobs, and edits, a hash:
--       job id → {"original":…,"failedReason":…,"edits":[…]}
-- id    of the job
-- seen  SHA-1 of the data as it was looked at
-- text  the new data
-- edit  JSON
-- name  which tells a worker that the job was edited
-- most  bytes that may be kept beside one job
--
-- Returns 'done', 'missing' (no such job), 'state' (it is in no state in which it may be edited), 'changed' (its data is
-- not what was looked at), or 'full'

local function replace_data(keys, id, seen, text, edit, name, most)
  local data, reason = unpack(redis.call('HMGET', keys[1], 'data', 'failedReason'))
  if not data then return 'missing' end
  if not redis.call('ZSCORE', keys[2], id) and not redis.call('ZSCORE', keys[3], id) then return 'state' end
  if redis.sha1hex(data) ~= seen then return 'changed' end

  -- The data goes in as the text that it is: decoded and encoded again, long numbers and empty lists would not survive.
  local kept = redis.call('HGET', keys[4], id)
  local longer
  if kept then
    longer = string.sub(kept, 1, -3) .. ',' .. edit .. ']}'
  else
    longer = '{"original":' .. data .. ',"failedReason":' .. cjson.encode(reason or '') .. ',"edits":[' .. edit .. ']}'
  end
  if #longer > tonumber(most) then return 'full' end

  redis.call('HSET', keys[4], id, longer)
  redis.call('HSET', keys[1], 'data', text, 'name', name)
  return 'done'
end

-- Edits a failed job and gives it to the workers with all its attempts, in one step: it never runs as it was, and is never
-- edited while it runs. Preceded by RETRY_SCRIPT and REPLACE_SCRIPT.
--
-- KEYS[1…8]   BullMQ's keys as RETRY_KEYS names them
-- KEYS[9]     {p}:failures:3
-- KEYS[10]    the queue's delayed jobs
-- KEYS[11]    edits
-- KEYS[12]    the job's hash
-- ARGV        as replace_data takes them: its id, SHA-1 of its data as it was looked at, the new data, the edit, the name
--             that tells a worker that the job was edited, bytes that may be kept beside it
--
-- Returns what replace_data returns; 'state' too when the job has not failed

local index = failures(KEYS[9])
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 'state' end
local replaced = replace_data({ KEYS[12], KEYS[2], KEYS[10], KEYS[11] }, unpack(ARGV))
if replaced ~= 'done' then return replaced end
reprocess(
  { KEYS[12], KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8] },
  { ARGV[1], 'LPUSH', 'failedReason', 'failed', '1', '0' }
)
-- An index that somebody has spoiled keeps no order from being repaired.
pcall(index.leave, ARGV[1], true)
return replaced

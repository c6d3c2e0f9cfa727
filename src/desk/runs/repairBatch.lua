-- The turn of some jobs of a run: each is edited, given to the workers, taken off the list and noted, in one step, or left
-- alone and noted. A job that is not on the list any more, or has failed at another time than the list says, had its turn.
-- Preceded by RETRY_SCRIPT and REPLACE_SCRIPT.
--
-- KEYS[1…8]   BullMQ's keys as RETRY_KEYS names them
-- KEYS[9]     {p}:failures:3
-- KEYS[10]    the queue's delayed jobs
-- KEYS[11]    edits
-- KEYS[12…15] todo, sent, rows and counts of the run
-- ARGV[1]     what the key of a job begins with
-- ARGV[2]     the name that tells a worker that a job was edited
-- ARGV[3]     bytes that may be kept beside one job
-- ARGV[4]     ms for which what is noted is kept
-- ARGV[5…]    six for each job: its id; 'edit', 'retry' or 'leave'; SHA-1 of its data as it was looked at; the new data;
--             the edit, JSON; its row, JSON
--
-- Returns what became of each: 'sent', 'left', 'gone' (retried, edited or removed by somebody else), or 'had' its turn

local index = failures(KEYS[9])
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local results = {}

local function turn(id, what, seen, text, edit)
  local job = ARGV[1] .. id
  local due = redis.call('ZSCORE', KEYS[12], id)
  if not due then return 'had' end
  if redis.call('ZSCORE', KEYS[2], id) ~= due then return 'gone' end
  if what == 'leave' then return 'left' end
  if what == 'edit' then
    local keys = { job, KEYS[2], KEYS[10], KEYS[11] }
    if replace_data(keys, id, seen, text, edit, ARGV[2], ARGV[3]) ~= 'done' then return 'gone' end
  elseif redis.sha1hex(redis.call('HGET', job, 'data') or '') ~= seen then
    return 'gone'
  end
  reprocess(
    { job, KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8] },
    { id, 'LPUSH', 'failedReason', 'failed', '1', '0' }
  )
  -- An index that somebody has spoiled keeps no order from being repaired.
  pcall(index.leave, id, true)
  redis.call('ZADD', KEYS[13], now, id)
  return 'sent'
end

for i = 5, #ARGV, 6 do
  local id = ARGV[i]
  local result = turn(id, ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
  if result ~= 'had' then
    redis.call('ZREM', KEYS[12], id)
    redis.call('HINCRBY', KEYS[15], result, 1)
    redis.call('HSET', KEYS[14], id, '{"result":"' .. result .. '","at":' .. now .. ',' .. string.sub(ARGV[i + 5], 2))
  end
  table.insert(results, result)
end
for i = 12, 15 do redis.call('PEXPIRE', KEYS[i], ARGV[4]) end
return results

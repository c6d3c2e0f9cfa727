-- Holds one stretch of the failed set and of its index against each other. Preceded by index.lua.
--
-- KEYS[1]  {p}:failures:3
-- KEYS[2]  the failed set
-- KEYS[3]  the completed jobs
-- KEYS[4]  {p}:failures:3:pass, which keeps others from doing the same
-- ARGV[1]  what the key of a job begins with
-- ARGV[2]  who asks; '' for somebody who is alone
-- ARGV[3]  ms after which the pass of somebody who died is nobody's
-- ARGV[4]  the stretch: 'failed' finds jobs without a right entry; 'index' takes out entries of jobs that have not failed,
--          'since' times; 'retried' forgets jobs that have ended; 'end' of the pass
-- ARGV[5]  cursor; ms of rest before the next pass for 'end'
-- ARGV[6]  how many to look at; ms after which a pass is due for 'end'
--
-- Returns {next cursor, {job id, score, …} of those without a right entry}, or false while another makes the pass or rests.
-- An index that contradicts itself is forgotten, and the next cursor is 'again'.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if ARGV[2] ~= '' then
  local holder = redis.call('GET', KEYS[4])
  if holder and holder ~= ARGV[2] then
    local rests_until = tonumber(string.match(holder, '^until (%d+)$'))
    if not rests_until or rests_until > now then return false end
  end
  redis.call('SET', KEYS[4], ARGV[2], 'PX', ARGV[3])
end
if ARGV[4] == 'end' then
  redis.call('SET', KEYS[4], string.format('until %.0f', now + ARGV[5]), 'PX', ARGV[6])
  return { '0', {} }
end

local index = failures(KEYS[1])
local stretches = {
  failed = { 'ZSCAN', KEYS[2] },
  index = { 'HSCAN', KEYS[1] },
  since = { 'ZSCAN', index.since },
  retried = { 'ZSCAN', index.retried },
}
local scan, key = unpack(stretches[ARGV[4]])
if ARGV[4] == 'failed' and ARGV[5] == '0' and not index.adds_up() then index.forget() end
local reply = redis.call(scan, key, ARGV[5], 'COUNT', ARGV[6])
local found, missing = reply[2], {}
if #found == 0 then return { reply[1], missing } end

local ids = {}
for i = 1, #found, 2 do table.insert(ids, found[i]) end
if ARGV[4] == 'failed' then
  local entries = redis.call('HMGET', KEYS[1], unpack(ids))
  local firsts = redis.call('ZMSCORE', index.since, unpack(ids))
  for i, id in ipairs(ids) do
    if not entries[i] or index.failed_on(firsts[i], entries[i]) ~= tonumber(found[2 * i]) then
      table.insert(missing, id)
      table.insert(missing, found[2 * i])
    elseif not index.is_known(entries[i]) then
      index.forget()
      return { 'again', {} }
    end
  end
else
  local scores = redis.call('ZMSCORE', KEYS[2], unpack(ids))
  for i, id in ipairs(ids) do
    if not scores[i] then index.left(id, ARGV[1] .. id, KEYS[3]) end
  end
end
return { reply[1], missing }

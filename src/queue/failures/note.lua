-- Notes jobs that have failed, and takes out those that have not any more. Preceded by index.lua.
--
-- KEYS[1]  {p}:failures:3
-- KEYS[2]  the failed set
-- KEYS[3]  the completed jobs
-- ARGV[1]  what the key of a job begins with
-- ARGV[2]  room of the sum of minor units
-- ARGV[3]  '1' when they were found in the failed set: then they failed when that says, if the clock there was right
-- ARGV[4]  JSON, eight values a job: its id; its score in the failed set, as text; minor units, '' when unknown; attempts;
--          the hash of its user, '' for none; what its causes are; places and names as its entry has them. '' for the
--          names: only look whether it is still there
--
-- A job that is not in the failed set with that score was retried or removed since: somebody else tells of that.

local index = failures(KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local room, jobs = tonumber(ARGV[2]), cjson.decode(ARGV[4])

for i = 1, #jobs, 8 do
  local id, failed_on, units, attempts, user, causes, places, names = unpack(jobs, i, i + 7)
  local score = redis.call('ZSCORE', KEYS[2], id)
  if names == '' then
    if not score then index.left(id, ARGV[1] .. id, KEYS[3]) end
  elseif score == failed_on then
    local last = ARGV[3] == '1' and math.min(tonumber(score), now) or now
    local noted = { units = units, attempts = attempts, user = user, causes = causes, places = places, names = names }
    index.note(id, failed_on, string.format('%.0f', last), room, noted)
  end
end

-- Reads the pulse as it is now.
-- KEYS[1]  the pulse; every key below begins with it and lies in its slot
-- ARGV[1]  s, m or h: buckets of seconds, minutes or hours
-- ARGV[2]  seconds that a key of them spans
-- ARGV[3]  how many keys back from the present one
-- returns  { time, processes, newest counted, newest refused, when an order counted and each stage was seen last,
--            { first second, buckets } for each key, oldest first }; hashes as fields and values in turn, an error in
--            the place of what lies there under another type
local time = redis.call('TIME')
local pulse, span = KEYS[1], tonumber(ARGV[2])
local present = math.floor(time[1] / span)
local chunks = {}
for back = tonumber(ARGV[3]), 0, -1 do
  local chunk = present - back
  chunks[#chunks + 1] = { chunk * span, redis.pcall('HGETALL', pulse .. ':' .. ARGV[1] .. ':' .. chunk) }
end
return {
  time,
  redis.pcall('HGETALL', pulse .. ':processes'),
  redis.pcall('LRANGE', pulse .. ':newest:counted', 0, -1),
  redis.pcall('LRANGE', pulse .. ':newest:refused', 0, -1),
  redis.pcall('HGETALL', pulse .. ':last'),
  chunks,
}

-- Looks through a stretch of a queue's jobs, or of what is kept beside them, for some texts.
--
-- KEYS[1]  a list or a sorted set of job ids, the newest of the latter first; or a hash: job id → text
-- ARGV[1]  what the key of a job begins with
-- ARGV[2]  where the stretch begins, 0 at first
-- ARGV[3]  how many to look at
-- ARGV[4…] texts, A to Z in small letters: any of them is enough
--
-- Returns {where the next one begins, job id, …}; the first is '0' at the end

local kind = redis.call('TYPE', KEYS[1]).ok
local from, count = ARGV[2], tonumber(ARGV[3])
local ids, texts, next_one = {}, {}, '0'
if kind == 'hash' then
  local reply = redis.call('HSCAN', KEYS[1], from, 'COUNT', count)
  next_one = reply[1]
  for i = 1, #reply[2], 2 do
    table.insert(ids, reply[2][i])
    table.insert(texts, reply[2][i + 1])
  end
elseif kind == 'list' or kind == 'zset' then
  ids = redis.call(kind == 'list' and 'LRANGE' or 'ZREVRANGE', KEYS[1], from, from + count - 1)
  if #ids == count then next_one = string.format('%d', from + count) end
end

local found, bytes = {}, 0
for i, id in ipairs(ids) do
  local text = texts[i] or redis.pcall('HGET', ARGV[1] .. id, 'data')
  -- None, or what stands there is no job.
  if type(text) ~= 'string' then text = '' end
  bytes = bytes + #text
  local small = string.lower(text)
  for nth = 4, #ARGV do
    if string.find(small, ARGV[nth], 1, true) then
      table.insert(found, id)
      break
    end
  end
  -- Redis does nothing else meanwhile.
  if bytes > 4194304 and kind ~= 'hash' and i < #ids then
    next_one = string.format('%d', from + i)
    break
  end
end
return { next_one, unpack(found) }

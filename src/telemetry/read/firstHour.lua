-- Finds the first hour that the pulse has.
-- KEYS[1]  the pulse; every key below begins with it and lies in its slot
-- returns  its first second since 1970, or false while there is none
local today = math.floor(redis.call('TIME')[1] / 86400)
-- A day is kept for 401 days after its last beat, and no beat is ahead of this clock.
for day = today - 402, today do
  -- An error, which has no length, where something else lies there.
  local hours = redis.pcall('HKEYS', KEYS[1] .. ':h:' .. day)
  if #hours > 0 then
    local first = 23
    for _, hour in ipairs(hours) do first = math.min(first, tonumber(hour) or first) end
    return day * 86400 + first * 3600
  end
end
return false

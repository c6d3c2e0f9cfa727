-- For wrk: a user of USERS after another, so that hardly two requests under way are for the same.
local users = tonumber(os.getenv('USERS'))
local at = 0
request = function()
  at = (at + 1) % users
  return wrk.format('GET', '/users/U' .. at .. '/stats')
end

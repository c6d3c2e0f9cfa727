-- The archive: what the history is told of the orders this call counts, one entry of the stream {p}:archive, in the same
-- breath as the totals they belong to. Whoever reads the stream takes nothing from it that is not in PostgreSQL.
--
-- Entry N of a partition has the id N-0: without a gap, so that what is missing shows. Where that stands, in {p}:ledger
-- as `archive`, is four numbers: the last entry, the orders and the minor units of the partition when it was
-- written, and the bytes of all entries until then. Orders that were counted since by a call that kept no history are told
-- by the next one that does.
--
-- Needs: the call, the stand that the ledger reads, the totals.
-- Gives: open and add, which write nothing; write, which is the first write of the call.

local MAX_STAND = 9007199254740991

local seq, orders_then, amount_then, bytes = 0, 0, 0, 0
local counted = {}

-- Reads where it stands; returns what is in the way.
function archive.open(stand)
  if not stand then return end
  local fault = 'no usable numbers in archive of ' .. KEYS[1]
  local numbers = {}
  for text in string.gmatch(stand, '%S+') do numbers[#numbers + 1] = whole(text, MAX_STAND) or -1 end
  if #numbers ~= 4 or math.min(unpack(numbers)) < 0 then return fault end
  seq, orders_then, amount_then, bytes = unpack(numbers)
end

-- Order i of the call counted.
function archive.add(i)
  counted[#counted + 1] = i
end

-- The lines of those that counted; as a rule all did.
local function lines(count)
  if #counted == count then return archived end
  local all, some = {}, {}
  for line in string.gmatch(archived, '[^\n]+') do all[#all + 1] = line end
  for _, i in ipairs(counted) do some[#some + 1] = all[i] end
  return table.concat(some, '\n')
end

local function text(number)
  return string.format('%.0f', number)
end

-- Returns where it stands from now on, for the ledger to keep.
function archive.write(count, before, after)
  local told = lines(count)
  seq, bytes = seq + 1, bytes + #told
  local entry = { 'at', text(now_seconds * 1000000 + now_microseconds), 'bytes', text(bytes), 'orders', told }
  if before.orders ~= orders_then or before.amount ~= amount_then then
    entry[7], entry[8] = 'gap', text(before.orders - orders_then) .. ' ' .. text(before.amount - amount_then)
  end
  redis.call('XADD', prefix .. 'archive', text(seq) .. '-0', unpack(entry))
  return text(seq) .. ' ' .. text(after.orders) .. ' ' .. text(after.amount) .. ' ' .. text(bytes)
end

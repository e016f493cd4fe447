"""The rules of `trio_sup.cluster._rules.engine`, as scripts that Redis runs atomically.

Times are in microseconds by the clock of the Redis host. All keys begin with ``{prefix}``,
in braces, so that they are of one slot:

    replid, generation, fresh   which memory this is, and since when
    last                        the last token
    nodes                       a sorted set: node, and when its lease ends
    info, ttl                   hashes by node
    owner, token                hashes by name
    state, penned               hashes by name: a state, and the token of who writes it
    held:NODE                   the set of names of a node
    version, shelf:SHELF        the number of the last change; a hash by name
    in:NODE, freed, records, topic:TOPIC    channels

A name whose owner's lease has ended is free, reaped or not; so reaping may take its time,
and a node with very many names blocks nobody.
"""

from __future__ import annotations

from typing import Final

_PRELUDE: Final = """
local P = KEYS[1]
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function key(s) return P .. ':' .. s end
local function text(n) return string.format('%.0f', n) end
local function generation()
  local id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
  if redis.call('GET', key('replid')) ~= id then
    redis.call('SET', key('replid'), id)
    redis.call('SET', key('generation'), id .. '-' .. text(now))
    redis.call('SET', key('fresh'), text(now))
  end
  return redis.call('GET', key('generation'))
end
local function live(node)
  local ends = redis.call('ZSCORE', key('nodes'), node)
  return ends and tonumber(ends) > now
end
local function let_go(node, name)
  if redis.call('HGET', key('owner'), name) == node then
    redis.call('HDEL', key('owner'), name)
    redis.call('HDEL', key('token'), name)
  end
  redis.call('SREM', key('held:' .. node), name)
end
local function drop(node, most)
  local names = redis.call('SRANDMEMBER', key('held:' .. node), most)
  for _, name in ipairs(names) do let_go(node, name) end
  if redis.call('SCARD', key('held:' .. node)) > 0 then return #names end
  redis.call('ZREM', key('nodes'), node)
  redis.call('HDEL', key('info'), node)
  redis.call('HDEL', key('ttl'), node)
  return #names
end
local function give(node, name, token)
  redis.call('SADD', key('held:' .. node), name)
  redis.call('HSET', key('owner'), name, node)
  redis.call('HSET', key('token'), name, token)
  return {'claimed', token}
end
"""

_BODIES: Final = {
    "join": """
generation()
redis.call('ZADD', key('nodes'), text(now + ARGV[2] * 1), ARGV[1])
redis.call('HSET', key('ttl'), ARGV[1], ARGV[2])
redis.call('HSET', key('info'), ARGV[1], ARGV[3])
return 'ok'
""",
    "beat": """
local gen = generation()
local over = redis.call('ZRANGEBYSCORE', key('nodes'), '-inf', text(now))
local room, reaped = 1000, false
for _, node in ipairs(over) do
  if node ~= ARGV[1] and room > 0 then
    room = room - 1 - drop(node, room)
    reaped = true
  end
end
if reaped then redis.call('PUBLISH', key('freed'), '') end
if not live(ARGV[1]) then return {'gone', gen} end
local ttl = redis.call('HGET', key('ttl'), ARGV[1])
redis.call('ZADD', key('nodes'), text(now + ttl), ARGV[1])
local members, ends = {}, false
local nodes = redis.call(
  'ZRANGEBYSCORE', key('nodes'), '(' .. text(now), '+inf', 'WITHSCORES')
for i = 1, #nodes, 2 do
  members[#members + 1] = redis.call('HGET', key('info'), nodes[i])
  if nodes[i] ~= ARGV[1] and not ends then ends = text(nodes[i + 1] - now) end
end
return {'beat', gen, redis.call('SCARD', key('held:' .. ARGV[1])), members, ends,
        redis.call('GET', key('version')) or '0'}
""",
    "leave": """
if not redis.call('ZSCORE', key('nodes'), ARGV[1]) then return 0 end
redis.call('ZADD', key('nodes'), '0', ARGV[1])
drop(ARGV[1], 10000)
redis.call('PUBLISH', key('freed'), '')
return 1
""",
    "claim": """
local gen = generation()
local node, name = ARGV[1], ARGV[2]
if not live(node) then return {'gone', gen} end
local owner = redis.call('HGET', key('owner'), name)
if owner and owner ~= node then
  if live(owner) then return {'taken', owner, redis.call('HGET', key('token'), name)} end
  let_go(owner, name)
  owner = false
end
if not owner then
  local wait = redis.call('GET', key('fresh')) + ARGV[3] - now
  if wait > 0 then return {'frozen', text(wait)} end
end
local last = tonumber(redis.call('GET', key('last')) or '0')
local token = text(math.max(last + 1, now))
redis.call('SET', key('last'), token)
return give(node, name, token)
""",
    "keep": """
local gen = generation()
local node, name, token = ARGV[1], ARGV[2], ARGV[3]
if not live(node) then return {'gone', gen} end
local owner = redis.call('HGET', key('owner'), name)
if owner then
  local held = redis.call('HGET', key('token'), name)
  if owner == node then
    if tonumber(held) > tonumber(token) then token = held end
  elseif live(owner) and tonumber(held) >= tonumber(token) then
    return {'taken', owner, held}
  else
    let_go(owner, name)
  end
end
local last = tonumber(redis.call('GET', key('last')) or '0')
if tonumber(token) > last then redis.call('SET', key('last'), token) end
return give(node, name, token)
""",
    "release": """
local node, name, token = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', key('owner'), name) ~= node then return 0 end
if redis.call('HGET', key('token'), name) ~= token then return 0 end
let_go(node, name)
redis.call('PUBLISH', key('freed'), '')
return 1
""",
    "lookup": """
local owner = redis.call('HGET', key('owner'), ARGV[1])
if not owner or not live(owner) then return false end
return {owner, redis.call('HGET', key('token'), ARGV[1])}
""",
    "announce": """
if not live(ARGV[1]) then return 0 end
redis.call('HSET', key('info'), ARGV[1], ARGV[2])
return 1
""",
    "swap": """
local node, shelf, name, old, new = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if not live(node) then return {'gone', generation()} end
local present = redis.call('HGET', key('shelf:' .. shelf), name) or ''
if present ~= old then return {'is', present} end
if new == '' then redis.call('HDEL', key('shelf:' .. shelf), name)
else redis.call('HSET', key('shelf:' .. shelf), name, new) end
local before = redis.call('GET', key('version')) or '0'
local version = text(math.max(before + 1, now))
redis.call('SET', key('version'), version)
redis.call('PUBLISH', key('records'), cjson.encode({before, version, shelf, name, new}))
return {'done', new, version}
""",
    "listing": """
return {generation(), redis.call('GET', key('version')) or '0',
        redis.call('HGETALL', key('shelf:' .. ARGV[1]))}
""",
    "open_state": """
local last = redis.call('HGET', key('penned'), ARGV[1])
if last and tonumber(last) > tonumber(ARGV[2]) then return {0, last} end
redis.call('HSET', key('penned'), ARGV[1], ARGV[2])
return {1, redis.call('HGET', key('state'), ARGV[1])}
""",
    "write_state": """
local last = redis.call('HGET', key('penned'), ARGV[1])
if last and tonumber(last) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', key('penned'), ARGV[1], ARGV[2])
redis.call('HSET', key('state'), ARGV[1], ARGV[3])
return 1
""",
    "drop_state": """
redis.call('HDEL', key('penned'), ARGV[1])
return redis.call('HDEL', key('state'), ARGV[1])
""",
    "owned": """
local found = {}
for _, name in ipairs(redis.call('SMEMBERS', key('held:' .. ARGV[1]))) do
  found[#found + 1] = name
  found[#found + 1] = redis.call('HGET', key('token'), name)
end
return found
""",
}

SCRIPTS: Final = {name: _PRELUDE + body for name, body in _BODIES.items()}
"""Each by its name; their only key is the prefix."""

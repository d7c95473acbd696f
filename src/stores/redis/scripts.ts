import { createHash } from 'node:crypto';
import { LAYOUT } from './record.codec.js';

/*
 * A record is one hash of three fields (record.codec.ts). Every script works on one key and looks before it writes: `HSET`
 * alone would bring a record back that was removed. Versions are compared as texts, so that no number is rounded.
 *
 * A driver may send a command again when the answer was lost, some without telling anybody. So a record keeps the versions
 * that it had before: who finds its own among them was heard the first time, although others have changed the record since.
 */

/** How many earlier versions a record keeps. Each takes about 16 bytes. */
export const KEPT_VERSIONS = 8;

/** A Lua script and the name by which a server knows it that has run it before. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/** What a script answers that is not a record. */
export const ANSWER = {
  done: 'done',
  /** Nothing was written. */
  refused: 'refused',
  gone: 'gone',
  /** The key holds something that is no hash. */
  alien: 'alien',
  /** Beside a record that is in the way: so much was written since the expected version that it is not remembered. */
  unsure: 'unsure',
} as const;

function script(text: string): Script {
  const whole = `${PRELUDE}${text}`;
  return { text: whole, sha1: createHash('sha1').update(whole).digest('hex') };
}

const PRELUDE = `
local function kind(key)
  return redis.call('TYPE', key).ok
end

local function versionsOf(header)
  return header and string.match(header, '^%d+ (%d[%d,]*) ') or ''
end

local function newest(versions)
  return string.match(versions, '^%d+')
end

local function isAmong(version, versions)
  return string.find(',' .. versions .. ',', ',' .. version .. ',', 1, true) ~= nil
end

local function withEarlier(header, versions)
  local version, body = string.match(header, '^(%d+ %d+)(.*)$')
  local kept = 0
  for earlier in string.gmatch(versions, '%d+') do
    if kept == ${KEPT_VERSIONS} then
      break
    end
    version = version .. ',' .. earlier
    kept = kept + 1
  end
  return version .. body
end

local function record(key)
  return redis.call('HMGET', key, 'header', 'fields', 'times')
end

local function store(key, header, fields, times, ttl)
  redis.call('HSET', key, 'header', header, 'fields', fields, 'times', times)
  redis.call('PEXPIRE', key, ttl)
end
`;

/** Arguments: header, fields, times, ttl, version. Who finds its own version stored was sent twice. */
export const CREATE = script(`
local found = kind(KEYS[1])
if found == 'none' then
  store(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
  return 'done'
end
if found == 'hash' and newest(versionsOf(redis.call('HGET', KEYS[1], 'header'))) == ARGV[5] then
  return 'done'
end
return 'refused'
`);

/** Arguments: header, fields, times, ttl, version, expected version. Answers the record that is in the way. */
export const REPLACE = script(`
local found = kind(KEYS[1])
if found == 'none' then
  return 'gone'
end
if found ~= 'hash' then
  return 'alien'
end
local versions = versionsOf(redis.call('HGET', KEYS[1], 'header'))
if isAmong(ARGV[5], versions) then
  return 'done'
end
if newest(versions) == ARGV[6] then
  store(KEYS[1], withEarlier(ARGV[1], versions), ARGV[2], ARGV[3], ARGV[4])
  return 'done'
end
local current = record(KEYS[1])
if not isAmong(ARGV[6], versions) then
  current[4] = 'unsure'
end
return current
`);

/** Arguments: expected version, lastSeenAt, times, ttl. */
export const TOUCH = script(`
if kind(KEYS[1]) ~= 'hash' then
  return 'refused'
end
local found = redis.call('HMGET', KEYS[1], 'header', 'times')
if newest(versionsOf(found[1])) ~= ARGV[1] then
  return 'refused'
end
local seen = found[2] and tonumber(string.match(found[2], '^(%S+) '))
if not seen or tonumber(ARGV[2]) < seen then
  return 'refused'
end
redis.call('HSET', KEYS[1], 'times', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 'done'
`);

/** Answers what it removed. A layout that is newer than ours stays, because nobody here could say what it was. */
export const REMOVE = script(`
local found = kind(KEYS[1])
if found == 'none' then
  return 'gone'
end
local removed = 'alien'
if found == 'hash' then
  removed = record(KEYS[1])
  local layout = removed[1] and tonumber(string.match(removed[1], '^(%d+) '))
  if layout and layout > ${LAYOUT} then
    return removed
  end
end
redis.call('DEL', KEYS[1])
return removed
`);

/** Answers the records of all keys, for clients that would send `HMGET` to a replica. Not for a cluster's several keys. */
export const READ = script(`
local found = {}
for index, key in ipairs(KEYS) do
  local held = kind(key)
  found[index] = 'alien'
  if held == 'none' then
    found[index] = 'gone'
  elseif held == 'hash' then
    found[index] = record(key)
  end
end
return found
`);

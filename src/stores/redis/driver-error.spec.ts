import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  isNotAllowed,
  isReadOnly,
  isUnknownScript,
  isWrongType,
  messageOf,
  withoutContents,
} from './driver-error.js';

describe('an error of a driver', () => {
  it('loses the arguments that ioredis keeps with it', () => {
    const error = Object.assign(new Error('OOM command not allowed'), {
      name: 'ReplyError',
      code: 'UNCERTAIN_STATE',
      command: { name: 'evalsha', args: ['sha', '1', 'key', 'SECRET'] },
      previousErrors: [new Error('SECRET')],
    });
    const clean = withoutContents(error);
    expect(clean).toMatchObject({
      message: 'Redis: OOM command not allowed',
      name: 'ReplyError',
      code: 'UNCERTAIN_STATE',
    });
    expect(inspect(clean, { depth: null, showHidden: true })).not.toContain('SECRET');
  });

  it('loses the arguments that a server repeats', () => {
    const text = "ERR unknown command 'evalsha', with args beginning with: 'SECRET' '1'\n 'SECRET' ";
    expect(withoutContents(new Error(text)).message).toBe("Redis: ERR unknown command 'evalsha'");
  });

  it.each([
    [new Error('a'), 'a'],
    [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new AggregateError([new Error('connect ECONNREFUSED ::1:1')], ''), 'connect ECONNREFUSED ::1:1'],
    [Object.assign(new Error('All failed.'), { lastNodeError: new Error('NOAUTH') }), 'All failed. NOAUTH'],
    [undefined, 'unknown error'],
    [null, 'unknown error'],
    ['text', 'unknown error'],
  ])('tells why: %o', (error, message) => {
    expect(messageOf(error)).toBe(message);
  });

  it('is told from others by its first word', () => {
    expect(isUnknownScript(new Error('NOSCRIPT No matching script.'))).toBe(true);
    expect(isUnknownScript(new Error('ERR something about NOSCRIPT'))).toBe(false);
    expect(isWrongType(new Error('WRONGTYPE Operation against a key'))).toBe(true);
    expect(isWrongType(new Error('ERR WRONGTYPE'))).toBe(false);
    expect(isNotAllowed(new Error('NOPERM this user has no permissions'))).toBe(true);
    expect(isNotAllowed(new Error("ERR unknown command 'info'"))).toBe(true);
    expect(isReadOnly(new Error("READONLY You can't write against a read only replica."))).toBe(true);
    const fromScript = 'ERR Error running script (call to f_1): @user_script:9: -READONLY You cannot write.';
    expect(isReadOnly(new Error(fromScript))).toBe(true);
    expect(isReadOnly(withoutContents(new Error(fromScript)))).toBe(true);
    expect(isReadOnly(new Error('ERR something about READONLY'))).toBe(false);
    expect(isNotAllowed(new Error('NOAUTH Authentication required.'))).toBe(false);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { gone, SessionError, unavailable } from '../core/errors.js';
import { ErrorLog } from './error-log.js';

describe('the error log', () => {
  const lines: string[] = [];
  let log: ErrorLog;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    lines.length = 0;
    log = new ErrorLog({ warn: () => undefined, error: (message) => void lines.push(message) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('P10 says an outage once, and later how often it was not said', () => {
    for (let n = 0; n < 5; n++) {
      log.report(unavailable('read', 'it is down'));
    }
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    log.report(unavailable('read', 'it is down'));
    expect(lines[1]).toMatch(/4 more since the last line/);
  });

  it('says why, where that is known: not every log shows the error itself', () => {
    log.report(unavailable('read', 'it reported an error', new Error('READONLY You cannot write')));
    expect(lines[0]).toMatch(/failed at read.* Cause: READONLY You cannot write$/);
  });

  it('says each other error once, however often it comes by', () => {
    const mistake = new SessionError('session_closed', { what: 'Too late.', fix: 'Earlier.' });
    log.report(mistake);
    log.report(mistake);
    log.report(new SessionError('session_closed', { what: 'Too late.', fix: 'Earlier.' }));
    expect(lines).toEqual(['Too late. Earlier.', 'Too late. Earlier.']);
  });

  it('says what became of each response, outage or not', () => {
    const trouble = unavailable('read', 'it is down');
    log.report(trouble);
    log.say('A response was cut off. ', trouble);
    expect(lines[1]).toMatch(/^A response was cut off. .*it is down/);
  });

  it('says nothing of a session that another request ended', () => {
    log.report(gone());
    expect(lines).toEqual([]);
  });
});

import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import type { Handle, Principal } from '../core/record.js';
import type { SessionEvent } from '../core/session-event.js';
import { EventStream } from './event-stream.js';

const handle = 'h' as Handle;
const started: SessionEvent = { type: 'started', handle };
const login: SessionEvent = { type: 'login', handle, principal: 'ada' as Principal };
const ended: SessionEvent = { type: 'ended', handle, reason: 'logout' };

/** A stream, and what its listeners failed with. */
function stream() {
  const failures: (readonly [string, Error])[] = [];
  const request = new AsyncLocalStorage<string | undefined>();
  const events = new EventStream({
    onFailure: (listener, error) => failures.push([listener, Object(error)]),
    outside: (tell) => request.run(undefined, tell),
  });
  return { events, failures, request };
}

describe('EventStream', () => {
  it('tells in the order of happening, right after the code that caused it has gone on', async () => {
    const { events } = stream();
    const told: unknown[] = [];
    events.listen(({ type }) => told.push(['first', type]), { name: 'first' });
    events.listen(({ type }) => told.push(['second', type]), { name: 'second' });
    events.emit({ ...started });
    events.emit({ ...login });
    await Promise.resolve();
    expect(told).toEqual([]);
    await events.idle();
    expect(told).toEqual([
      ['first', 'started'],
      ['second', 'started'],
      ['first', 'login'],
      ['second', 'login'],
    ]);
  });

  it('tells of the types that somebody wants, and freezes what it tells', async () => {
    const { events } = stream();
    const told: SessionEvent[] = [];
    events.listen((event) => told.push(event), { name: 'some', types: ['ended', 'login'] });
    [started, login, ended].forEach((event) => events.emit({ ...event }));
    await events.idle();
    expect(told).toEqual([login, ended]);
    expect(told.every((event) => Object.isFrozen(event))).toBe(true);
  });

  it('lets nobody be harmed by a listener that throws, rejects or hangs', async () => {
    const { events, failures } = stream();
    const told: string[] = [];
    events.listen(
      () => {
        throw new Error('thrown');
      },
      { name: 'throws' },
    );
    events.listen(() => Promise.reject(new Error('rejected')), { name: 'rejects' });
    events.listen(
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- what a query builder answers
        then: (_yes: unknown, no: (error: Error) => void) => no(new Error('no promise')),
      }),
      { name: 'thenable' },
    );
    events.listen(({ type }) => told.push(type), { name: 'last' });
    events.emit({ ...started });
    events.emit({ ...ended });
    await events.idle();
    expect(told).toEqual(['started', 'ended']);
    const failed = failures.map(([name, { message }]) => [name, message]);
    for (const each of [
      ['throws', 'thrown'],
      ['rejects', 'rejected'],
      ['thenable', 'no promise'],
    ]) {
      expect(failed.filter((one) => one.join() === each.join())).toHaveLength(2);
    }
  });

  it('tells those who listened when it happened and still do', async () => {
    const { events } = stream();
    const told: string[] = [];
    const stop = events.listen(() => told.push('stopped'), { name: 'stopped' });
    events.emit({ ...started });
    events.listen(() => told.push('too late'), { name: 'late' });
    const listener = () => told.push('twice');
    const stopOne = events.listen(listener, { name: 'one' });
    events.listen(listener, { name: 'two' });
    stop();
    await events.idle();
    expect(told).toEqual([]);
    stopOne();
    events.emit({ ...started });
    await events.idle();
    expect(told).toEqual(['too late', 'twice']);
  });

  it('runs a listener in the context of what caused the event, but outside its request', async () => {
    const { events, request } = stream();
    const own = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    events.listen(
      async () => {
        await Promise.resolve();
        seen.push([own.getStore(), request.getStore()]);
      },
      { name: 'looks' },
    );
    for (const id of ['a', 'b']) {
      own.run(id, () => request.run('request', () => events.emit({ ...started })));
    }
    await events.idle();
    expect(seen).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
  });

  it('has a source produce events while somebody listens to its type, and no longer', () => {
    const { events } = stream();
    const calls: string[] = [];
    events.listen(() => undefined, { name: 'other', types: ['started'] });
    events.feed('ended', () => {
      calls.push('start');
      return () => calls.push('stop');
    });
    expect(calls).toEqual([]);
    const stops = [
      events.listen(() => undefined, { name: 'one', types: ['ended'] }),
      events.listen(() => undefined, { name: 'all' }),
    ];
    expect(calls).toEqual(['start']);
    stops.forEach((stop) => stop());
    expect(calls).toEqual(['start', 'stop']);
    events.listen(() => undefined, { name: 'again' });
    events.close();
    expect(calls).toEqual(['start', 'stop', 'start', 'stop']);
  });

  it('is idle when all is told and every listener has finished', async () => {
    const { events } = stream();
    let finish: () => void = () => undefined;
    let isOver = false;
    events.listen(() => new Promise<void>((resolve) => (finish = resolve)), { name: 'slow' });
    events.emit({ ...started });
    const idle = events.idle().then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    finish();
    await idle;
    expect(isOver).toBe(true);
  });

  it('tells of its end, once, and nothing afterwards', async () => {
    const { events } = stream();
    const told: string[] = [];
    const listen = (name: string) =>
      events.listen(({ type }) => told.push(type), { name, ended: () => told.push(`end of ${name}`) });
    listen('one');
    listen('gone')();
    events.close();
    events.close();
    listen('late');
    events.emit({ ...started });
    await events.idle();
    expect(told).toEqual(['end of one', 'end of late']);
  });
});

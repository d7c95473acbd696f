import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionId, SessionRecord, Version } from './record.js';
import { SessionStore } from './session-store.js';
import { StoreGateway } from './store-gateway.js';

const id = 'id' as SessionId;
const version = 1 as Version;
const record: SessionRecord = {
  format: 1,
  version,
  fields: '{}',
  lengths: [],
  createdAt: 0,
  lastSeenAt: 0,
  idle: 1,
  absoluteAt: 1,
  expiresAt: 1,
  handle: 'h' as SessionRecord['handle'],
  meta: '{}',
};

/** A store of which each method does what the test says. */
function storeThat(answer: () => unknown): SessionStore {
  const methods = ['read', 'create', 'replace', 'touch', 'remove', 'close'];
  return Object.assign(
    Object.create(SessionStore.prototype),
    Object.fromEntries(methods.map((name) => [name, answer])),
  );
}

/** What a promise fails with; listening from the start, so that no rejection is unhandled. */
function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const calls: [string, (gateway: StoreGateway) => Promise<unknown>][] = [
  ['read', (gateway) => gateway.read(id)],
  ['create', (gateway) => gateway.create(id, record)],
  ['replace', (gateway) => gateway.replace(id, record, version)],
  ['touch', (gateway) => gateway.touch(id, version, 0, 0)],
  ['remove', (gateway) => gateway.remove(id)],
  ['close', (gateway) => gateway.close()],
];

describe.each(calls)('P10 a store in trouble at %s', (name, call) => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const gatewayOn = (answer: () => unknown) =>
    new StoreGateway(storeThat(answer), { operationTimeout: 50, maxPending: 2 });
  const trouble = expect.objectContaining({ code: 'session_unavailable' });

  it('that throws before it answers a promise is unavailable', async () => {
    const cause = new Error('boom');
    const gateway = gatewayOn(() => {
      throw cause;
    });
    await expect(call(gateway)).rejects.toEqual(trouble);
    await expect(call(gateway)).rejects.toHaveProperty('cause', cause);
  });

  it('that rejects is unavailable', async () => {
    await expect(call(gatewayOn(() => Promise.reject(new Error('boom'))))).rejects.toEqual(trouble);
  });

  it('that never answers is unavailable after the operation timeout, and counts until it does', async () => {
    let answers: (() => void)[] = [];
    const gateway = gatewayOn(
      () => new Promise((_resolve, reject) => answers.push(() => reject(new Error('late')))),
    );
    const first = failure(call(gateway));
    const second = failure(call(gateway));
    await vi.advanceTimersByTimeAsync(50);
    expect(await Promise.all([first, second])).toEqual([trouble, trouble]);
    if (name !== 'close') {
      // Closing is never one too many.
      await expect(call(gateway)).rejects.toThrow(/too many/);
    }
    answers.forEach((answer) => answer());
    answers = [];
    await vi.advanceTimersByTimeAsync(0);
    const again = failure(call(gateway));
    await vi.advanceTimersByTimeAsync(50);
    expect(String(await again)).toMatch(/no answer within 50 ms/);
  });
});

describe('P10 a store that answers what the contract does not allow', () => {
  const gateway = (answer: unknown) =>
    new StoreGateway(
      storeThat(() => Promise.resolve(answer)),
      { operationTimeout: 1_000, maxPending: 2 },
    );
  const trouble = expect.objectContaining({ code: 'session_unavailable' });

  it.each([1, 'text', [], {}, { ...record, version: 'x' }, { ...record, fields: {} }])(
    'read: %j',
    async (answer) => {
      await expect(gateway(answer).read(id)).rejects.toEqual(trouble);
    },
  );

  it('read: a record of a newer format is trouble, never corrupt', async () => {
    await expect(gateway({ ...record, format: 2 }).read(id)).rejects.toThrow(/format 2/);
  });

  it.each([undefined, null])('read: %j is absence', async (answer) => {
    await expect(gateway(answer).read(id)).resolves.toBeUndefined();
  });

  it.each([undefined, true, { done: 'yes' }, { done: false, current: 1 }])('replace: %j', async (answer) => {
    await expect(gateway(answer).replace(id, record, version)).rejects.toEqual(trouble);
  });

  it.each([undefined, 1, 'OK'])('create and touch: %j', async (answer) => {
    await expect(gateway(answer).create(id, record)).rejects.toEqual(trouble);
    await expect(gateway(answer).touch(id, version, 0, 0)).rejects.toEqual(trouble);
  });

  it('onForgotten: tells what is a record, whatever else the store says, and asks no store that cannot tell', () => {
    const told: unknown[] = [];
    const said = [undefined, 'text', {}, { id, record: 1, why: 'full' }, { id: 1, record, why: 'full' }];
    const store = Object.assign(
      storeThat(() => undefined),
      {
        onForgotten: (listener: (one: unknown) => void) =>
          [...said, { id, record, why: 'full' }].forEach(listener),
      },
    );
    const limits = { operationTimeout: 1_000, maxPending: 2 };
    new StoreGateway(store, limits).onForgotten((forgotten) => told.push(forgotten));
    expect(told).toEqual([{ id, record, why: 'full' }]);
    gateway(undefined).onForgotten((forgotten) => told.push(forgotten))();
    expect(told).toHaveLength(1);
  });
});

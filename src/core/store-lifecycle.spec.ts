import { describe, expect, it, vi } from 'vitest';
import { deferred } from '../../test/support/deferred.js';
import { settled } from '../../test/support/settled.js';
import { StoreLifecycle } from './store-lifecycle.js';

const TABLE = { name: 'table' };
const nameOf = async ({ name }: typeof TABLE) => name;
const refusal = 'MyStore was asked after close(). It closes with the application; ask it only before that.';

function lifecycle(open: () => Promise<typeof TABLE> = () => Promise.resolve(TABLE)) {
  const parts = { store: 'MyStore', open: vi.fn(open), close: vi.fn(() => Promise.resolve()) };
  return { parts, life: new StoreLifecycle(parts) };
}

describe('the life of what a store works on', () => {
  it('begins with the first operation, once for all that come meanwhile', async () => {
    const opened = deferred<typeof TABLE>('a table');
    const { parts, life } = lifecycle(() => opened.promise);
    expect(parts.open).not.toHaveBeenCalled();
    const first = [life.run(nameOf), life.run(nameOf)];
    opened.resolve(TABLE);
    expect(await Promise.all(first)).toEqual(['table', 'table']);
    expect(await life.run(nameOf)).toBe('table');
    expect(parts.open).toHaveBeenCalledTimes(1);
  });

  it('begins anew with the next operation where it could not be opened', async () => {
    const answers = [() => Promise.reject(new Error('down')), () => Promise.resolve(TABLE)];
    const { parts, life } = lifecycle(() => (answers.shift() ?? expect.fail())());
    const operations = [life.run(nameOf), life.run(nameOf)];
    expect(await Promise.allSettled(operations)).toMatchObject([
      { reason: { message: 'down' } },
      { reason: { message: 'down' } },
    ]);
    expect(await life.run(nameOf)).toBe('table');
    expect(parts.open).toHaveBeenCalledTimes(2);
  });

  it('lets an operation begin at once when it is open', async () => {
    const { life } = lifecycle();
    await life.run(nameOf);
    const work = vi.fn(nameOf);
    const operation = life.run(work);
    expect(work).toHaveBeenCalledWith(TABLE);
    await operation;
  });

  it('ends when the last operation has settled, however that was', async () => {
    const { parts, life } = lifecycle();
    const [one, two] = [deferred<string>('one'), deferred<string>('two')];
    const operations = Promise.allSettled([life.run(() => one.promise), life.run(() => two.promise)]);
    await settled();
    const closing = life.close();
    expect(life.isClosing).toBe(true);
    one.reject(new Error('failed'));
    await settled();
    expect(parts.close).not.toHaveBeenCalled();
    two.resolve('done');
    await closing;
    expect(parts.close).toHaveBeenCalledExactlyOnceWith(TABLE);
    expect(await operations).toMatchObject([{ reason: { message: 'failed' } }, { value: 'done' }]);
  });

  it('ends when it was opened, where it was just being opened', async () => {
    const opened = deferred<typeof TABLE>('a table');
    const { parts, life } = lifecycle(() => opened.promise);
    const operation = life.run(nameOf);
    const closing = life.close();
    await settled();
    expect(parts.close).not.toHaveBeenCalled();
    opened.resolve(TABLE);
    expect(await operation).toBe('table');
    await closing;
    expect(parts.close).toHaveBeenCalledExactlyOnceWith(TABLE);
  });

  it('ends with nothing to close where opening failed, or nobody asked for it', async () => {
    const { parts: failed, life } = lifecycle(() => Promise.reject(new Error('down')));
    const operation = life.run(nameOf);
    const closing = life.close();
    await expect(operation).rejects.toThrow('down');
    await closing;
    expect(failed.close).toHaveBeenCalledExactlyOnceWith(undefined);
    const { parts: unused, life: other } = lifecycle();
    await other.close();
    expect([unused.open.mock.calls, unused.close.mock.calls]).toEqual([[], [[undefined]]]);
  });

  it('ends once, and refuses what comes after that', async () => {
    const { parts, life } = lifecycle();
    await life.run(nameOf);
    await Promise.all([life.close(), life.close()]);
    await life.close();
    expect(parts.close).toHaveBeenCalledTimes(1);
    const late = vi.fn(nameOf);
    await expect(life.run(late)).rejects.toThrow(refusal);
    expect(late).not.toHaveBeenCalled();
  });

  it('refuses what comes while it waits for the others', async () => {
    const { life } = lifecycle();
    const last = deferred<string>('the last');
    const operation = life.run(() => last.promise);
    const closing = life.close();
    await expect(life.run(nameOf)).rejects.toThrow(refusal);
    last.resolve('done');
    expect(await operation).toBe('done');
    await closing;
  });

  it('rejects what an operation throws before its first promise, and does not wait for it', async () => {
    const { parts, life } = lifecycle();
    await life.run(nameOf);
    const operation = life.run(() => {
      throw new Error('thrown');
    });
    await expect(operation).rejects.toThrow('thrown');
    await life.close();
    expect(parts.close).toHaveBeenCalledTimes(1);
  });
});

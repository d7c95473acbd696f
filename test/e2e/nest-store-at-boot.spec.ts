import { createSessionMiddleware, SessionModule, type SessionOptions, StoreSetupError } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { ControlledStore } from '../support/controlled.store.js';
import { count, CountController } from '../support/count.controller.js';
import { nestApp, SECRET } from '../support/nest-app.js';
import { LogRecorder } from '../support/session-app.js';

/** An application on this store; without `requireStoreAtBoot` unless a test asks for it. */
function start(store: ControlledStore, options: Partial<SessionOptions> = {}) {
  const logger = new LogRecorder();
  const sessionModule = SessionModule.forRoot({
    secret: SECRET,
    store,
    logger,
    operationTimeout: 100,
    ...options,
  });
  return { logger, started: nestApp({ sessionModule, controllers: [CountController] }) };
}

const notAllowed = () => new StoreSetupError('The server forgets sessions.', 'Set it up as the guide says.');

describe('the store at boot', () => {
  it('is opened once, before the first request, and not read', async () => {
    const store = new ControlledStore();
    const { client } = await start(store).started;
    expect([store.opens, store.calls]).toEqual([1, []]);
    expect(await count(client())).toBe('count 1');
    expect(store.opens).toBe(1);
  });

  it.each([
    ['that fails', (store: ControlledStore) => store.failNext('open')],
    ['that never answers', (store: ControlledStore) => store.hang('open')],
  ])('P10 one %s is one line in the log; the application starts', async (_how, breakIt) => {
    const store = new ControlledStore();
    breakIt(store);
    const { logger, started } = start(store);
    const { client } = await started;
    expect(logger.errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^The session store failed at open: /),
    ]);
    store.heal();
    expect(await count(client())).toBe('count 1');
  });

  it.each([
    ['cannot be opened', (store: ControlledStore) => store.failNext('open'), /failed at open/],
    [
      'never opens',
      (store: ControlledStore) => store.hang('open'),
      /failed at open: no answer within 100 ms/,
    ],
    ['opens but cannot be read', (store: ControlledStore) => store.fail('read'), /failed at read/],
    ['opens but never answers', (store: ControlledStore) => store.hang('read'), /failed at read: no answer/],
  ])('requireStoreAtBoot: one that %s stops the start', async (_how, breakIt, message) => {
    const store = new ControlledStore();
    breakIt(store);
    await expect(start(store, { requireStoreAtBoot: true }).started).rejects.toThrow(message);
  });

  it('requireStoreAtBoot: one that answers lets the application start', async () => {
    const store = new ControlledStore();
    const { client } = await start(store, { requireStoreAtBoot: true }).started;
    expect([store.opens, store.calls]).toEqual([1, ['read']]);
    expect(await count(client())).toBe('count 1');
  });

  it.each([true, false])(
    'P11 one that is set up wrongly stops the start (requireStoreAtBoot: %s)',
    async (requireStoreAtBoot) => {
      const store = new ControlledStore();
      store.failNext('open', notAllowed());
      await expect(start(store, { requireStoreAtBoot }).started).rejects.toMatchObject({
        code: 'session_store_setup',
        message: 'The server forgets sessions. Set it up as the guide says.',
      });
    },
  );
});

describe('open() of the middleware', () => {
  it('opens the store, and rejects as the options say', async () => {
    const store = new ControlledStore();
    const logger = new LogRecorder();
    const open = (requireStoreAtBoot: boolean) =>
      createSessionMiddleware({ secret: SECRET, store, logger, requireStoreAtBoot }).open();
    store.failNext('open');
    await open(false);
    expect(logger.errors).toHaveLength(1);
    store.failNext('open');
    await expect(open(true)).rejects.toThrow(/failed at open/);
    store.failNext('open', notAllowed());
    await expect(open(false)).rejects.toBeInstanceOf(StoreSetupError);
    await open(true);
    expect([store.opens, store.calls]).toEqual([4, ['read']]);
  });
});

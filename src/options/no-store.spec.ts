import { describe, expect, it } from 'vitest';
import { SealedSessions } from '../core/sealed-sessions.js';
import { SessionStore } from '../core/session-store.js';
import { assertStoreCan, checkStore } from './check-store.js';
import { NoStore } from './no-store.js';
import { SessionOptionsError } from './session-options.error.js';

class Sealed extends SealedSessions {
  sealer(): never {
    throw new Error('not needed here');
  }
}

describe('P11 sessions that live in their cookie', () => {
  it('are taken where a store is, and stand there as a store that there is none', () => {
    const sealed = new Sealed();
    const store = checkStore(sealed, true);
    expect(store).toBeInstanceOf(SessionStore);
    expect(store).toBeInstanceOf(NoStore);
    expect(store instanceof NoStore && store.sessions).toBe(sealed);
  });

  it.each(['principal-index', 'many-processes'] as const)(
    'refuse at boot what needs a server (%s), naming the option that asks for it',
    (need) => {
      const ask = () => assertStoreCan(need, new NoStore(new Sealed()), 'someFeature');
      expect(ask).toThrow(SessionOptionsError);
      expect(ask).toThrow(
        'Session option "someFeature": it needs a store, and these sessions live in their own cookie',
      );
    },
  );

  it.each(['read', 'create', 'replace', 'touch', 'remove', 'readMany'] as const)(
    'reject %s() of the injected store',
    async (operation) => {
      const store = new NoStore(new Sealed());
      await expect(store[operation]()).rejects.toThrow(`SessionStore.${operation}() needs a store`);
    },
  );

  it('let it be opened and closed', async () => {
    const store = new NoStore(new Sealed());
    await expect(Promise.all([store.open(), store.close()])).resolves.toBeDefined();
  });
});

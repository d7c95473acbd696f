import type { SessionEvent } from 'nest-sessions';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import type { StoreOperation } from '../support/controlled.store.js';
import { nestApp } from '../support/nest-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

const OPERATIONS = ['read', 'create', 'replace', 'touch', 'remove'] as const satisfies StoreOperation[];

describe('P7 the token', () => {
  it('is in the cookie and nowhere else: not in ids, records, handles, events, logs, errors and bodies', async () => {
    const seen: unknown[] = [];
    const events: SessionEvent[] = [];
    const { client, store, log } = await nestApp({
      options: { onEvent: (event) => events.push(event), touchAfter: 0 },
      scripts: {
        begin: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
        show: ({ sessions, req }) => [
          sessions.handle,
          req.sessionID,
          req.session.id,
          inspect(req.session, { depth: 9, showHidden: true }),
          JSON.stringify(req.session),
        ],
        write: ({ sessions }) => sessions.set('theme', `${Math.random()}`),
        async gone({ sessions, req }) {
          await new Promise((resolve) => req.sessionStore.destroy(req.sessionID, resolve));
          sessions.set('theme', 'light');
        },
      },
    });
    for (const operation of OPERATIONS) {
      const original = store[operation].bind(store) as (...args: unknown[]) => unknown;
      vi.spyOn(store, operation).mockImplementation(((...args: unknown[]) => {
        seen.push(args);
        return original(...args);
      }) as never);
    }
    const known = client();
    const tokens: string[] = [];
    const visit = async (path: string) => {
      const response = await known.fetch(path);
      seen.push(path, await response.text());
      tokens.push(...(known.cookies.size > 0 ? [tokenOf(known)] : []));
      return response.status;
    };
    await visit('/begin');
    const id = idOf(tokenOf(known));
    await visit('/show');
    await visit('/write');
    store.fail('replace', 'touch');
    expect(await visit('/write')).toBe(503);
    expect(await visit('/show')).toBe(200);
    await vi.waitFor(() => expect(store.calls).toContain('touch'));
    expect(log.errors).not.toHaveLength(0);
    store.fail('read');
    expect(await visit('/show')).toBe(503);
    store.heal();
    await visit('/gone');
    await visit('/begin');

    const everything = inspect([seen, store.records, events, log.errors, log.warnings], {
      depth: 20,
      maxStringLength: null,
      maxArrayLength: null,
    });
    expect([tokens.length > 2, events.length > 3]).toEqual([true, true]);
    expect(everything).toContain(id);
    for (const token of new Set(tokens)) {
      expect(everything).not.toContain(token);
      expect(everything).not.toContain(token.slice(0, 12));
    }
  });

  it('cannot be told from the handle, which is no cookie', async () => {
    const { client, store, url } = await nestApp({
      scripts: {
        begin: ({ sessions }) => sessions.login('ada'),
        who: ({ sessions }) => `${sessions.principal}`,
      },
    });
    const known = client();
    await known.read('/begin');
    const [record] = store.records;
    store.calls.length = 0;
    const cookies = [record?.handle, idOf(tokenOf(known)), tokenOf(known)].map((value) => `sid=s%3A${value}`);
    for (const cookie of cookies) {
      expect(await (await fetch(`${url}/who`, { headers: { cookie } })).text()).toBe('undefined');
    }
    expect(store.calls).toEqual([]);
  });
});

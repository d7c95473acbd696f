import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it, vi } from 'vitest';
import { nestApp, SECRET } from '../../support/nest-app.js';
import { openedSeal, sealOf } from './watched-seal.js';

const jose = vi.hoisted(() => ({ seals: 0 }));

vi.mock('jose', async () => {
  const actual = await import('jose-5');
  return {
    ...actual,
    CompactEncrypt: class extends actual.CompactEncrypt {
      constructor(text: Uint8Array) {
        super(text);
        jose.seals++;
      }
    },
  };
});

describe('with jose 5', () => {
  it('a session is sealed, opened, changed and ended', async () => {
    const app = await nestApp({
      options: { store: new SealedCookieStore() },
      scripts: {
        login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
        change: ({ sessions }) => sessions.set('theme', 'dark'),
        show: ({ sessions }) => ({ ...sessions.fields }),
        logout: ({ sessions }) => sessions.logout(),
      },
    });
    const client = app.client();
    await client.read('/login');
    await client.read('/change');
    expect(jose.seals).toBe(2);
    expect((await client.read('/show')).text).toBe('{"user":"Ada","theme":"dark"}');
    expect(openedSeal(sealOf(client), SECRET)).toContain('{"user":"Ada","theme":"dark"}');
    const token = sealOf(client);
    client.cookies.set('sid', `${token.slice(0, -1)}${token.endsWith('A') ? 'Q' : 'A'}`);
    expect((await client.read('/show')).text).toBe('{}');
    client.cookies.set('sid', token);
    await client.read('/logout');
    expect(client.cookie).toBe('');
  });
});

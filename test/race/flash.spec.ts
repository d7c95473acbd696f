import { Controller, Get } from '@nestjs/common';
import { Flash, type FlashMessage, SessionService } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import type { ControlledStore } from '../support/controlled.store.js';
import { deferred } from '../support/deferred.js';
import { CookieClient } from '../support/http-server.js';
import { settled } from '../support/settled.js';
import { nestApp, type Script, type TestNestApp } from '../support/nest-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

@Controller('pages')
class Pages {
  constructor(private readonly sessions: SessionService) {}

  @Get('show')
  show(@Flash() messages: FlashMessage[]) {
    return textsOf(messages);
  }

  @Get('count')
  count(@Flash() messages: FlashMessage[]) {
    this.sessions.set('count', (this.sessions.get('count') ?? 0) + 1);
    return textsOf(messages);
  }

  @Get('broken')
  broken(@Flash() messages: FlashMessage[]) {
    this.sessions.set('odd', 1n);
    return textsOf(messages);
  }
}

function textsOf(messages: FlashMessage[]): string {
  return messages.map(({ message }) => String(message)).join() || 'none';
}

/** Two processes on one store, as far as sessions can tell, and a client that knows both with a message in its session. */
async function begun(scripts: Record<string, Script> = {}): Promise<{
  readonly app: TestNestApp;
  readonly store: ControlledStore;
  readonly here: CookieClient;
  readonly there: CookieClient;
}> {
  const parts = {
    controllers: [Pages],
    scripts: {
      begin: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
      add: ({ sessions, req }) => sessions.flash('info', String(req.query['text'])),
      logout: ({ sessions }) => sessions.logout(),
      ...scripts,
    } satisfies Record<string, Script>,
  };
  const app = await nestApp(parts);
  const other = await nestApp({ ...parts, options: { store: app.store } });
  const [here, there] = [app.client(), other.client()];
  await here.read('/begin');
  here.cookies.forEach((value, name) => there.cookies.set(name, value));
  return { app, store: app.store, here, there };
}

const shown = async (client: CookieClient) => (await client.read('/pages/show')).text;

describe('two requests that each leave a message', () => {
  it.each(['here', 'there'] as const)('P2 keep both, the other one %s', async (where) => {
    const reached = deferred('the slow request');
    const gate = deferred('the release of the slow request');
    const all = await begun({
      async slow({ sessions }) {
        sessions.flash('info', 'slow');
        reached.resolve();
        await gate.promise;
      },
    });
    const slow = all.here.read('/slow');
    await reached.promise;
    await all[where].read('/add?text=quick');
    gate.resolve();
    expect((await slow).status).toBe(200);
    expect(await shown(all.here)).toBe('quick,slow');
  });
});

describe('two pages that load at the same moment', () => {
  it.each(['here', 'there'] as const)('show a message once, the other one %s', async (where) => {
    const all = await begun();
    await all.here.read('/add?text=once');
    const first = all.store.holdNext('replace');
    const one = shown(all.here);
    await first.reached;
    // It has read the message too, and wants to take it while the first one is about to.
    const read = all.store.holdAnswer('read');
    const two = shown(all[where]);
    await read.reached;
    first.release();
    expect(await one).toBe('once');
    read.release();
    expect(await two).toBe('none');
    expect(await shown(all.here)).toBe('none');
  });

  it('show it once whoever comes to the store first', async () => {
    const { here, there, store } = await begun();
    await here.read('/add?text=once');
    const first = store.holdNext('replace');
    const one = shown(here);
    await first.reached;
    expect(await shown(there)).toBe('once');
    first.release();
    expect(await one).toBe('none');
  });

  it('show one each, where another message came in between', async () => {
    const { here, there, store } = await begun();
    await here.read('/add?text=first');
    const first = store.holdNext('replace');
    const one = shown(here);
    await first.reached;
    expect(await shown(there)).toBe('first');
    await there.read('/add?text=second');
    first.release();
    expect(await one).toBe('second');
    expect(await shown(here)).toBe('none');
  });
});

describe('a message that is left while a page takes another', () => {
  it('P2 stays for the next page, or is shown with it, and is never lost', async () => {
    const { here, there, store } = await begun();
    await here.read('/add?text=first');
    const taking = store.holdAnswer('replace');
    const page = shown(here);
    await taking.reached;
    await there.read('/add?text=second');
    taking.release();
    expect(await page).toBe('first');
    expect(await shown(here)).toBe('second');
  });
});

describe('a page that cannot take its message', () => {
  it('P4 answers 503, and the next one shows it', async () => {
    const { here, store } = await begun();
    await here.read('/add?text=patient');
    store.failNext('replace');
    expect((await here.read('/pages/show')).status).toBe(503);
    expect(await shown(here)).toBe('patient');
  });

  it('P4 and does not crash where nobody waits for it', async () => {
    const { here, store } = await begun({
      careless({ sessions }) {
        void sessions.takeFlash();
      },
    });
    await here.read('/add?text=patient');
    store.failNext('replace');
    await here.read('/careless');
    expect(await shown(here)).toBe('patient');
  });

  it.each([
    ['cannot be stored', '/pages/broken', 500],
    ['is not stored', '/pages/count', 503],
  ])('P4 gives it back when what else it did %s', async (_name, path, status) => {
    const { here, store } = await begun();
    await here.read('/add?text=back');
    const taking = store.holdNext('replace');
    const page = here.read(path);
    await taking.reached;
    if (status === 503) {
      store.failNext('replace');
    }
    const back = store.holdAnswer('replace');
    taking.release();
    // The client is told without waiting for it.
    expect((await page).status).toBe(status);
    await back.reached;
    back.release();
    expect(await shown(here)).toBe('back');
    expect(store.stored).toEqual([{ user: 'Ada' }]);
  });
});

describe('a message of one user, taken by a request that then logs in another and fails', () => {
  it.each([
    ['in this session', 'login'],
    ['in a session that begins anew', 'regenerate'],
  ] as const)('P4 is given to nobody else: %s', async (_name, by) => {
    const { here, store } = await begun({
      async broken({ sessions }) {
        const taken = await sessions.takeFlash();
        await (by === 'login' ? sessions.login('bob') : sessions.regenerate());
        await sessions.update((fields) => void (fields['user'] = 'Bob'));
        sessions.set('odd', 1n);
        return textsOf(taken);
      },
    });
    await here.read('/add?text=for-Ada');
    expect((await here.read('/broken')).status).toBe(500);
    await settled();
    expect(store.stored).toEqual([{ user: 'Bob' }]);
  });
});

describe('a page that takes a message while the user logs out', () => {
  it('P1 gets none, answers, and brings nothing back', async () => {
    const { app, here, there, store } = await begun();
    await here.read('/add?text=gone');
    const id = idOf(tokenOf(here));
    const taking = store.holdNext('replace');
    const page = here.read('/pages/show');
    await taking.reached;
    await there.read('/logout');
    taking.release();
    expect(await page).toEqual({ status: 200, text: 'none' });
    expect(await store.inner.read(id)).toBeUndefined();
    expect(app.log.errors).toEqual([]);
  });

  it('P1 a logout that another one overtook still has its message', async () => {
    const { here, there, store } = await begun({
      async bye({ sessions }) {
        sessions.flash('info', 'Bye.');
        await sessions.logout();
      },
    });
    const removing = store.holdNext('remove');
    const bye = here.read('/bye');
    await removing.reached;
    await there.read('/logout');
    removing.release();
    expect((await bye).status).toBe(200);
    expect(await shown(here)).toBe('Bye.');
    expect(store.records).toHaveLength(1);
  });
});

import { Controller, Get, Inject, Injectable, Scope } from '@nestjs/common';
import { filter, lastValueFrom, map, mergeWith, of, switchMap, toArray, withLatestFrom } from 'rxjs';
import {
  OnSession,
  type SessionEnded,
  type SessionEvent,
  SessionEvents,
  type SessionLogin,
  SessionService,
} from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { type NestAppParts, nestApp, type Script } from '../support/nest-app.js';
import { failure } from '../support/run-scripts.js';
import { settled } from '../support/settled.js';

const scripts: Record<string, Script> = {
  login: ({ sessions }) => sessions.login('ada'),
  logout: ({ sessions }) => sessions.logout(),
};

/** An application in which somebody logs in and out. */
async function loginAndOut(parts: NestAppParts) {
  const app = await nestApp({ ...parts, scripts });
  const known = app.client();
  expect((await known.read('/login')).status).toBe(200);
  expect((await known.read('/logout')).status).toBe(200);
  await settled();
  return app;
}

describe('@OnSession()', () => {
  it('tells methods of providers and controllers, of one type, several or all', async () => {
    const told: string[] = [];
    const note = (who: string, { type }: SessionEvent) => void told.push(`${who} ${type}`);

    class Base {
      @OnSession('ended')
      inherited(event: SessionEnded) {
        note(`inherited ${event.reason}`, event);
      }
    }
    @Injectable()
    class Audit extends Base {
      @OnSession('login')
      loggedIn(event: SessionLogin) {
        note(`one ${event.principal}`, event);
      }
      @OnSession('started', 'ended')
      several(event: SessionEvent) {
        note('several', event);
      }
      @OnSession()
      all(event: SessionEvent) {
        note(this.constructor.name, event);
      }
    }
    @Controller('audit')
    class AuditController {
      @OnSession('started')
      @OnSession('login')
      twice(event: SessionEvent) {
        note('controller', event);
      }
      @Get()
      get() {
        return told.length;
      }
    }
    await loginAndOut({
      providers: [Audit, { provide: 'alias', useExisting: Audit }],
      controllers: [AuditController],
    });
    expect(told.toSorted()).toEqual(
      [
        'one ada login',
        'several started',
        'several ended',
        'Audit started',
        'Audit login',
        'Audit ended',
        'inherited logout ended',
        'controller started',
        'controller login',
      ].toSorted(),
    );
  });

  it('harms nobody when it throws or rejects: a line in the log, with its name', async () => {
    const told: string[] = [];
    @Injectable()
    class Faulty {
      @OnSession()
      throws() {
        throw new Error('thrown');
      }
      @OnSession('login')
      async rejects() {
        await Promise.reject(new Error('rejected'));
      }
      @OnSession()
      works({ type }: SessionEvent) {
        told.push(type);
      }
    }
    const { log } = await loginAndOut({ providers: [Faulty] });
    expect(told).toEqual(['started', 'login', 'ended']);
    expect(log.errors.map(({ message }) => message).toSorted()).toEqual([
      'Faulty.rejects failed when it was told of a session event. rejected',
      ...Array.from({ length: 3 }, () => 'Faulty.throws failed when it was told of a session event. thrown'),
    ]);
  });

  it('holds up no response, and belongs to no request', async () => {
    const failed: unknown[] = [];
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    @Injectable()
    class Slow {
      constructor(@Inject(SessionService) private readonly sessions: SessionService) {}
      @OnSession('login')
      async loggedIn() {
        failed.push(await failure(() => this.sessions.update(() => undefined)));
        await finished;
        failed.push(await failure(() => this.sessions.set('theme', 'dark')));
      }
    }
    const { log } = await loginAndOut({ providers: [Slow] });
    finish();
    await settled();
    expect(failed).toHaveLength(2);
    expect(failed.every((error) => error instanceof Error && /no session/.test(error.message))).toBe(true);
    expect(log.errors).toEqual([]);
  });

  it.each([
    [Scope.REQUEST, /Scoped\.told is request-scoped/],
    [Scope.TRANSIENT, /Scoped\.told is transient/],
  ])('stops the start on a provider of scope %s', async (scope, message) => {
    @Injectable({ scope })
    class Scoped {
      @OnSession('login')
      told() {}
    }
    expect(await failure(() => nestApp({ providers: [Scoped] }))).toMatchObject({
      code: 'session_options_invalid',
      message: expect.stringMatching(message),
    });
  });

  it('stops the start on a provider that depends on a request, and on a type that is none', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Injectable()
    class Above {
      constructor(@Inject(PerRequest) readonly below: PerRequest) {}
      @OnSession()
      told() {}
    }
    @Injectable()
    class Misspelt {
      @OnSession('logout' as 'login')
      told() {}
    }
    expect(await failure(() => nestApp({ providers: [PerRequest, Above] }))).toMatchObject({
      message: expect.stringMatching(/Above\.told is request-scoped/),
    });
    expect(await failure(() => nestApp({ providers: [Misspelt] }))).toMatchObject({
      message: expect.stringMatching(/Misspelt\.told .*"logout"/),
    });
  });

  it('is refused on a static method', () => {
    const decorate = () => {
      class Holder {
        @OnSession()
        static told() {}
      }
      return Holder;
    };
    expect(decorate).toThrow(/Holder\.told is static/);
  });

  it('compiles only where the parameter fits the event', () => {
    class Listeners {
      @OnSession('ended', 'login')
      narrower({ handle }: { readonly handle: string }) {
        return handle;
      }
      @OnSession('login')
      nothing() {}
      // @ts-expect-error: the event of a login has no reason
      @OnSession('login')
      other(event: SessionEnded) {
        return event.reason;
      }
      // @ts-expect-error: it may be a login as well
      @OnSession('ended', 'login')
      tooNarrow(event: SessionEnded) {
        return event.reason;
      }
      // @ts-expect-error: it may be any event
      @OnSession()
      far(event: SessionLogin) {
        return event.principal;
      }
      // @ts-expect-error: there is no such type
      @OnSession('logout')
      unknown() {}
      // @ts-expect-error: there is one argument
      @OnSession('login')
      two(event: SessionLogin, more: string) {
        return [event, more];
      }
    }
    expect(Object.getOwnPropertyNames(Listeners.prototype)).toHaveLength(8);
  });
});

describe('SessionEvents', () => {
  it('has all events, and those of a type, and completes at shutdown', async () => {
    const app = await nestApp({ scripts });
    const events = app.app.get(SessionEvents);
    const all = lastValueFrom(
      events.events$.pipe(
        map(({ type }) => type),
        toArray(),
      ),
    );
    const logins = lastValueFrom(
      events.on('login').pipe(
        map(({ principal }) => principal.length),
        toArray(),
      ),
    );
    const reasons = lastValueFrom(
      events.on('ended').pipe(
        filter(({ principal }) => principal === 'ada'),
        map(({ reason }) => reason),
        toArray(),
      ),
    );
    const known = app.client();
    await known.read('/login');
    await known.read('/logout');
    await app.app.close();
    expect(await all).toEqual(['started', 'login', 'ended']);
    expect([await logins, await reasons]).toEqual([[3], ['logout']]);
    // @ts-expect-error: there is no such type
    events.on('logout');
    // @ts-expect-error: an event of a login has no reason
    events.on('login').pipe(map(({ reason }) => reason));
  });

  it('harms nobody when a subscriber or an operator throws or rejects', async () => {
    const told: string[] = [];
    const app = await nestApp({ scripts });
    const { events$ } = app.app.get(SessionEvents);
    const thrower = (what: string) => () => {
      throw new Error(what);
    };
    events$.subscribe(thrower('plain'));
    events$.subscribe(async () => thrower('rejected')());
    events$.pipe(filter(() => true)).subscribe({ next: thrower('piped') });
    events$.pipe(map(thrower('operator'))).subscribe();
    const last = events$.subscribe(({ type }) => told.push(type));
    await app.client().read('/login');
    await settled();
    expect(told).toEqual(['started', 'login']);
    const said = app.log.errors.map(({ message }) => message.split('. ')[1]).toSorted();
    // What threw in an operator has ended with it, as everywhere in rxjs.
    expect(said).toEqual(['operator', 'piped', 'piped', 'plain', 'plain', 'rejected', 'rejected']);
    last.unsubscribe();
    await app.client().read('/login');
    await settled();
    expect(told).toHaveLength(2);
  });

  it('harms nobody behind operators that take in other Observables', async () => {
    const app = await nestApp({ scripts });
    const events = app.app.get(SessionEvents);
    const thrower = (what: string) => () => {
      throw new Error(what);
    };
    const logins = events.on('login');
    events.on('login', 'ended').subscribe(thrower('several'));
    logins.pipe(mergeWith(events.on('ended'))).subscribe(thrower('merged'));
    logins.pipe(switchMap(() => of(1))).subscribe(thrower('switched'));
    logins.pipe(withLatestFrom(events.on('started'))).subscribe(async () => thrower('latest')());
    const known = app.client();
    await known.read('/login');
    await known.read('/logout');
    await settled();
    const said = app.log.errors.map(({ message }) => message.split('. ')[1]).toSorted();
    expect(said).toEqual(['latest', 'merged', 'merged', 'several', 'several', 'switched']);
  });
});

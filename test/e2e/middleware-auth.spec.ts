import type { NextFunction, Request, Response } from 'express';
import passport from 'passport';
import {
  createSessionMiddleware,
  passportPrincipal,
  type SessionEvent,
  type SessionMiddlewareOptions,
  SessionOptionsError,
} from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import { SECRET } from '../support/nest-app.js';
import { logIn, logOut } from '../support/passport-app.js';
import { expressApp, type ExpressHandler } from '../support/session-app.js';

// Without Nest there is no login(): Passport or older code puts the user into the fields, and auth.principal tells.

/** A plain Express application with Passport. */
async function plainApp(options: Partial<SessionMiddlewareOptions>) {
  const ofApp = new passport.Passport();
  ofApp.serializeUser((user, done) => done(null, Reflect.get(user, 'id')));
  ofApp.deserializeUser((id, done) => done(null, { id }));
  const by =
    (work: (req: Request) => Promise<void>): ExpressHandler =>
    (req, res, next) =>
      work(req as unknown as Request).then(() => res.end('done'), next);
  const events: SessionEvent[] = [];
  const app = await expressApp(
    {
      '/login': by((req) => logIn(req, { id: 'ada' })),
      '/logout': by((req) => logOut(req)),
      '/who': (req, res) => void res.end(JSON.stringify((req as unknown as Request).user ?? null)),
    },
    {
      auth: { principal: passportPrincipal() },
      onEvent: (event) => events.push(event),
      ...options,
      setUp: (express) => void express.use(ofApp.initialize(), ofApp.session()),
      tearOff: (express) =>
        void express.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
          const status =
            'getStatus' in error && typeof error.getStatus === 'function' ? error.getStatus() : 500;
          res.status(Number(status)).end(error.message);
        }),
    },
  );
  const who = async (client: CookieClient): Promise<unknown> => JSON.parse((await client.read('/who')).text);
  async function device() {
    const client = app.client();
    expect((await client.read('/login')).status).toBe(200);
    return client;
  }
  return { ...app, who, device, events };
}

describe('plain Express with auth.principal', () => {
  it('ends the oldest session beyond maxSessions', async () => {
    const { device, who, events } = await plainApp({ maxSessions: 2 });
    const [one, two, three] = [await device(), await device(), await device()];
    expect([await who(one), await who(two), await who(three)]).toEqual([null, { id: 'ada' }, { id: 'ada' }]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'ended', principal: 'ada', reason: 'evicted' }),
    );
  });

  it('refuses a login beyond maxSessions with onLimit: refuse, until there is room', async () => {
    const { device, who, client } = await plainApp({ maxSessions: 1, onLimit: 'refuse' });
    const one = await device();
    const two = client();
    expect((await two.read('/login')).status).toBe(409);
    expect([await who(one), await who(two)]).toEqual([{ id: 'ada' }, null]);
    await one.read('/logout');
    expect((await two.read('/login')).status).toBe(200);
    expect([await who(one), await who(two)]).toEqual([null, { id: 'ada' }]);
  });
});

describe('P11 options that would do nothing without Nest', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    ['maxSessions', { maxSessions: 1 }, /auth\.principal/],
    ['maxSessions', { maxSessions: 1, onLimit: 'refuse' }, /auth\.principal/],
    ['registry', { registry: true }, /auth\.principal/],
    ['registry', { registry: { ip: true } }, /auth\.principal/],
    ['remember', { remember: { idleTimeout: '30d' } }, /has not/],
    ['remember', { remember: {}, auth: { principal: passportPrincipal() } }, /has not/],
    ['auth.loginUrl', { auth: { loginUrl: '/login' } }, /no such option.*principal/],
  ])('%s is refused in %j', (option, options, message) => {
    const create = () => createSessionMiddleware({ secret: SECRET, ...options });
    expect(create).toThrow(SessionOptionsError);
    expect(create).toThrow(expect.objectContaining({ option }));
    expect(create).toThrow(`Session option "${option}": `);
    expect(create).toThrow(message);
  });

  it.each<Partial<SessionMiddlewareOptions>>([
    { registry: false },
    { registry: true, auth: { principal: passportPrincipal() } },
    { maxSessions: 1, onLimit: 'refuse', auth: { principal: passportPrincipal() } },
    { auth: {} },
  ])('%j is not', async (options) => {
    const session = createSessionMiddleware({ secret: SECRET, ...options });
    await expect(session.close()).resolves.toBeUndefined();
  });
});

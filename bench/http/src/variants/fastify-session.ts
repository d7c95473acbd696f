import type { FastifySessionObject } from '@fastify/session';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Accounts, type PageRequest } from '../app/accounts.js';
import type { PageFields } from '../app/session-fields.js';
import { NO_SESSION_ON_FASTIFY } from './no-session.js';
import { COOKIE, COOKIE_NAME, SECRET, type Variant } from './variant.js';

/** As with express-session, which it takes after. */
class FastifySessionAccounts extends Accounts {
  async login(req: PageRequest, fields: PageFields): Promise<void> {
    await sessionOf(req).regenerate();
    const session = sessionOf(req);
    Object.assign(session, fields);
    await session.save();
  }

  async logout(req: PageRequest): Promise<void> {
    await sessionOf(req).destroy();
  }
}

function sessionOf(req: PageRequest): FastifySessionObject {
  return req.session as FastifySessionObject;
}

export const FASTIFY_SESSION = '@fastify/session, its memory store';

/** Nest on Fastify, with Fastify's own session plugin. */
export const fastifySessionVariants: readonly Variant[] = [
  {
    name: FASTIFY_SESSION,
    platform: 'fastify',
    baseline: NO_SESSION_ON_FASTIFY,
    packages: ['@fastify/session', '@fastify/cookie', 'fastify'],
    prepare: () => ({
      accounts: FastifySessionAccounts,
      async install(app) {
        const { default: fastifyCookie } = await import('@fastify/cookie');
        const { default: fastifySession } = await import('@fastify/session');
        const fastify = app as NestFastifyApplication;
        await fastify.register(fastifyCookie);
        await fastify.register(fastifySession, {
          secret: SECRET,
          cookieName: COOKIE_NAME,
          cookie: COOKIE,
          saveUninitialized: false,
          rolling: false, // as the others: the cookie is sent when it changes
        });
      },
    }),
  },
];

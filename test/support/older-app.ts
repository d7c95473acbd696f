import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthGuard, Principal, type SessionEvent, type SessionOptions, SessionRegistry } from 'nest-sessions';
import { expect } from 'vitest';
import type { CookieClient } from './http-server.js';
import { nestApp, type Script } from './nest-app.js';

@Controller()
class Inside {
  @Get('inside')
  @UseGuards(AuthGuard)
  inside(@Principal() principal: string): string {
    return principal;
  }
}

/** What older code does about who is logged in. */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  login: ({ req }) => void (req.session.user = String(req.query['as'] ?? 'ada')),
  logout: ({ req }) => void delete req.session.user,
  fill: ({ req }) => void (req.session.cart = ['tea']),
  cart: ({ req }) => req.session.cart ?? [],
  who: ({ sessions }) => sessions.principal ?? 'nobody',
};

/**
 * An application of older code: it keeps who is logged in among the fields, and puts them there and takes them away without
 * regenerate().
 */
export async function olderApp(
  options: Partial<SessionOptions> = {},
  scripts: Readonly<Record<string, Script>> = {},
) {
  const events: SessionEvent[] = [];
  const app = await nestApp({
    options: {
      registry: { userAgent: true },
      auth: { principal: ({ user }) => (typeof user === 'string' ? user : undefined) },
      onEvent: (event) => events.push(event),
      ...options,
    },
    controllers: [Inside],
    scripts: { ...SCRIPTS, ...scripts },
  });
  const who = async (client: CookieClient) => (await client.read('/who')).text;
  const cart = async (client: CookieClient): Promise<unknown> =>
    JSON.parse((await client.read('/cart')).text);
  /** A browser with something in its cart. */
  async function visitor() {
    const client = app.client();
    expect((await client.read('/fill')).status).toBe(200);
    return client;
  }
  async function device(as = 'ada') {
    const client = await visitor();
    expect((await client.read(`/login?as=${as}`)).status).toBe(200);
    return client;
  }
  /** Another client with the cookies that this one has now. */
  function copyOf({ cookies }: CookieClient) {
    const copy = app.client();
    cookies.forEach((value, name) => copy.cookies.set(name, value));
    return copy;
  }
  return { ...app, registry: app.app.get(SessionRegistry), events, who, cart, visitor, device, copyOf };
}

/** Events in one word each. */
export const told = (events: readonly SessionEvent[]) =>
  events.map((event) =>
    [event.type, 'reason' in event ? event.reason : undefined, event.principal].filter(Boolean).join(' '),
  );

import {
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard as PassportGuard, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import {
  AuthGuard,
  passportPrincipal,
  Principal,
  type SessionEvent,
  type SessionInfo,
  type SessionOptions,
  SessionRegistry,
} from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { expect } from 'vitest';
import type { CookieClient } from './http-server.js';
import { nestApp, type Script } from './nest-app.js';

/** Somebody whom Passport knows. */
export interface PassportUser {
  readonly name: string;
  /** What is left of them in a session. */
  readonly leaves: unknown;
}

/** The users of the applications of a test file: there is one Passport in a process, and one list of its serializers. */
export const users = new Map<string, PassportUser>();

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  validate(name: string, password: string): PassportUser {
    const user = users.get(name);
    if (user === undefined || password !== 'secret') throw new UnauthorizedException();
    return user;
  }
}

@Injectable()
class Serializer extends PassportSerializer {
  serializeUser(user: PassportUser, done: (error: unknown, left: unknown) => void): void {
    done(null, user.leaves);
  }

  deserializeUser(left: unknown, done: (error: unknown, user: PassportUser | false) => void): void {
    const found = [...users.values()].find(({ leaves }) => JSON.stringify(leaves) === JSON.stringify(left));
    done(null, found ?? false);
  }
}

/** As Nest's documentation has it: logs in with a session. */
@Injectable()
class LoginGuard extends PassportGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest<Request>());
    return true;
  }
}

@Controller()
class PassportController {
  @Post('guard-login')
  @UseGuards(LoginGuard)
  login(): string {
    return 'welcome';
  }

  /** Passport checks who it is, and the handler logs them in. */
  @Post('own-login')
  @UseGuards(PassportGuard('local'))
  async logInByHand(@Req() req: Request): Promise<string> {
    await logIn(req, req.user ?? {}, { keepSessionInfo: req.query['keep'] !== undefined });
    return 'welcome';
  }

  @Get('inside')
  @UseGuards(AuthGuard)
  inside(@Principal() principal: string, @Req() req: Request): unknown {
    return { principal, passport: req.isAuthenticated() };
  }
}

/** `req.login()` as a promise. */
export function logIn(
  req: Request,
  user: object,
  options: { keepSessionInfo?: boolean } = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    req.login(user, { session: true, ...options }, (error: unknown) => (error ? reject(error) : resolve()));
  });
}

/** `req.logout()` as a promise. */
export function logOut(req: Request, options: { keepSessionInfo?: boolean } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    req.logout(options, (error: unknown) => (error ? reject(error) : resolve()));
  });
}

/** What both Passport and the session say about a request. */
export interface Known {
  readonly passport: string | null;
  readonly principal: string | null;
}

export const NOBODY: Known = { passport: null, principal: null };

const SCRIPTS: Readonly<Record<string, Script>> = {
  who: ({ sessions, req }): Known => ({
    passport: (req.user as PassportUser | undefined)?.name ?? null,
    principal: sessions.principal ?? null,
  }),
  logout: ({ req }) => logOut(req, { keepSessionInfo: req.query['keep'] !== undefined }),
  fill: ({ sessions }) => sessions.set('cart', ['tea']),
  cart: ({ sessions }) => sessions.get('cart') ?? [],
};

/** An application with `passport.session()` and the bridge. */
export async function passportApp(
  options: Partial<SessionOptions> = {},
  scripts: Readonly<Record<string, Script>> = {},
) {
  const clock = fakeClock();
  const events: SessionEvent[] = [];
  const app = await nestApp({
    options: {
      registry: true,
      auth: { principal: passportPrincipal() },
      clock,
      onEvent: (event) => events.push(event),
      ...options,
    },
    controllers: [PassportController],
    providers: [LocalStrategy, Serializer],
    scripts: { ...SCRIPTS, ...scripts },
    setUp: (nest) => void nest.use(passport.session()),
  });
  const registry = app.app.get(SessionRegistry);

  const post = (client: CookieClient, path: string, name: string, headers: Record<string, string> = {}) =>
    client.read(path, {
      method: 'POST',
      body: new URLSearchParams({ username: name, password: 'secret' }),
      headers,
    });
  /** A browser of its own that is logged in. */
  async function device(name = 'ada', path = '/guard-login', headers?: Record<string, string>) {
    const client = app.client();
    expect(await post(client, path, name, headers)).toEqual({ status: 201, text: 'welcome' });
    return client;
  }
  const who = async (client: CookieClient): Promise<Known> => JSON.parse((await client.read('/who')).text);
  const cart = async (client: CookieClient): Promise<unknown> =>
    JSON.parse((await client.read('/cart')).text);
  const listed = async (principal: string): Promise<SessionInfo[]> => registry.list(principal);
  return { ...app, registry, clock, events, post, device, who, cart, listed };
}

import type { IncomingMessage } from 'node:http';
import type { LoginDetail, NewSession } from '../core/active-session.types.js';
import type { Clock } from '../core/clock.js';
import type { CookieAttributes, DeviceNote } from '../core/meta.js';
import type { ResolvedSessionOptions } from '../options/resolved-options.js';
import { isSecureRequest } from './secure-request.js';

/** What the options come to for one request. */
export class RequestDefaults {
  // Hidden, for the secrets are among them: who prints a request prints what hangs on it.
  readonly #options: ResolvedSessionOptions;
  readonly #clock: Clock;

  constructor(
    options: ResolvedSessionOptions,
    clock: Clock,
    private readonly onLabelFailure: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The attributes of a request's cookie. */
  cookieFor(req: IncomingMessage): CookieAttributes {
    const { maxAge, expiresAt, secure, sameSite, ...others } = this.#options.cookie(req);
    return {
      ...others,
      originalMaxAge: expiresAt === undefined ? maxAge : Math.max(0, expiresAt - this.#clock.now()),
      secure: secure === 'auto' ? this.isSecure(req) : secure,
      sameSite: sameSite === 'auto' ? (this.isSecure(req) ? 'none' : 'lax') : sameSite,
    };
  }

  /** Whether a request came over TLS. */
  isSecure(req: IncomingMessage): boolean {
    return isSecureRequest(req, this.#options.proxy);
  }

  /** What is to be noted about where a session that begins with a request is used. */
  deviceOf(req: IncomingMessage): DeviceNote | undefined {
    return this.#options.registry?.deviceOf(req, this.onLabelFailure);
  }

  /** What a session that begins with a request starts with. */
  newSession(req: IncomingMessage): NewSession {
    const maxAge = this.#options.idleFollowsCookie ? this.cookieFor(req).originalMaxAge : null;
    const deviceOf = () => this.deviceOf(req);
    return {
      idle: maxAge ?? undefined,
      // Asked for only where somebody is logged in: it may be costly to tell.
      get device() {
        return deviceOf();
      },
    };
  }

  /** What "keep me logged in" comes to for a session that begins with a request. */
  remembered(req: IncomingMessage, remember: boolean | undefined): Pick<LoginDetail, 'usual' | 'cookieFor'> {
    if (remember === true) {
      return {
        usual: this.#options.remember,
        cookieFor: (idle) => ({ ...this.cookieFor(req), originalMaxAge: idle }),
      };
    }
    return remember === false && this.cookieFor(req).originalMaxAge !== null
      ? { cookieFor: () => ({ ...this.cookieFor(req), originalMaxAge: null }) }
      : {};
  }
}

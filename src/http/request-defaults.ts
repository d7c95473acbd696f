import type { IncomingMessage } from 'node:http';
import type { LoginDetail, NewSession } from '../core/active-session.types.js';
import type { Clock } from '../core/clock.js';
import type { LoginLifetime } from '../core/login-lifetime.js';
import type { CookieAttributes, DeviceNote } from '../core/meta.js';
import type { ResolvedCookie, ResolvedSessionOptions } from '../options/resolved-options.js';
import { isSecureRequest } from './secure-request.js';

/** What the options come to for one request. */
export class RequestDefaults {
  // Hidden, for the secrets are among them: who prints a request prints what hangs on it.
  readonly #options: ResolvedSessionOptions;
  readonly #clock: Clock;
  /** The attributes of every request's cookie, over TLS and without, where nothing else makes a difference. */
  readonly #fixed: { readonly secure: CookieAttributes; readonly plain: CookieAttributes } | undefined;

  constructor(
    options: ResolvedSessionOptions,
    clock: Clock,
    private readonly onLabelFailure: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#clock = clock;
    const { fixedCookie } = options;
    if (fixedCookie !== undefined && fixedCookie.expiresAt === undefined) {
      const secure = Object.freeze(this.#attributes(fixedCookie, () => true));
      const isAuto = [fixedCookie.secure, fixedCookie.sameSite].includes('auto');
      this.#fixed = {
        secure,
        plain: isAuto ? Object.freeze(this.#attributes(fixedCookie, () => false)) : secure,
      };
    }
  }

  /** The attributes of a request's cookie. */
  cookieFor(req: IncomingMessage): CookieAttributes {
    if (this.#fixed !== undefined) {
      const { secure, plain } = this.#fixed;
      return secure === plain || this.isSecure(req) ? secure : plain;
    }
    return this.#attributes(this.#options.cookie(req), () => this.isSecure(req));
  }

  #attributes(cookie: ResolvedCookie, isSecure: () => boolean): CookieAttributes {
    const { maxAge, expiresAt, secure, sameSite, ...others } = cookie;
    return {
      ...others,
      originalMaxAge: expiresAt === undefined ? maxAge : Math.max(0, expiresAt - this.#clock.now()),
      secure: secure === 'auto' ? isSecure() : secure,
      sameSite: sameSite === 'auto' ? (isSecure() ? 'none' : 'lax') : sameSite,
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

  /**
   * What a login says of how long its session lasts and its cookie is kept. A persistent cookie is kept as long as the session
   * lasts without a request.
   */
  lastsFor(
    req: IncomingMessage,
    { remember, idleTimeout, absoluteTimeout }: LoginLifetime & { readonly remember?: boolean | undefined },
  ): Pick<LoginDetail, 'lifetime' | 'usual' | 'cookieFor'> {
    const lifetime = { idleTimeout, absoluteTimeout };
    if (remember === true) {
      const cookieFor = (idle: number) => ({ ...this.cookieFor(req), originalMaxAge: idle });
      return { lifetime, usual: this.#options.remember, cookieFor };
    }
    if (remember === undefined && idleTimeout === undefined) {
      return { lifetime };
    }
    return {
      lifetime,
      cookieFor: (idle) => {
        const cookie = this.cookieFor(req);
        return cookie.originalMaxAge === null
          ? undefined
          : { ...cookie, originalMaxAge: remember === false ? null : idle };
      },
    };
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActiveSession } from '../core/active-session.js';
import type { Held } from '../core/held.js';
import type { RequestCookie } from './request-cookie.js';
import type { SessionSite } from './session-site.js';

/** What the response of one request does for a session that is merely used: its token is rotated, its cookie sent again. */
export class CookieRefresh {
  /** Whether the session was there when its cookie was about to be sent again; undefined while that is not asked. */
  #isAlive: boolean | undefined;
  /** True once this request has tried to give the session another token. */
  #isRotated = false;

  constructor(
    private readonly site: SessionSite,
    private readonly active: ActiveSession,
    private readonly cookie: RequestCookie,
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
  ) {}

  /** Whether the cookie is to be sent again although its token stays. */
  get isDue(): boolean {
    return this.#isAlive === true;
  }

  /** What is to be done before the head of the response goes out, after what is being `stored`; undefined for nothing. */
  beforeHead(stored: Promise<void> | undefined): Promise<void> | undefined {
    if (this.#mayRotate()) {
      return this.#rotate(stored);
    }
    const { touchDue } = this.active.activity;
    return this.#mayRefresh(stored !== undefined || touchDue !== undefined)
      ? this.#refresh(stored, touchDue)
      : stored;
  }

  /** The response is on its way: the activity is written down, if that is due. */
  afterHead(): void {
    const held = this.active.activity.touchDue;
    if (held !== undefined && this.#isAlive === undefined) {
      this.active.engine.track(this.#touch(held));
    }
  }

  /** Whether the session is to get another token, and this response can carry it. */
  #mayRotate(): boolean {
    const { active, res, req } = this;
    return (
      !this.#isRotated &&
      active.activity.isRotationDue &&
      !res.destroyed &&
      this.cookie.canBeSent(active.opened, active.found, this.site.isSecure(req))
    );
  }

  /** What goes wrong is no concern of the client, whose token stays as good as it was. */
  async #rotate(stored: Promise<void> | undefined): Promise<void> {
    this.#isRotated = true;
    await stored;
    try {
      const isRenewed = await this.active.activity.rotate();
      const { touchDue } = this.active.activity;
      // Where another request was faster, this one goes on as if its token had not been old enough.
      if (!isRenewed && this.#mayRefresh(stored !== undefined || touchDue !== undefined)) {
        await this.#refresh(undefined, touchDue);
      }
    } catch (error) {
      this.site.reportError(error);
    }
  }

  /** Whether the browser's cookie may have to be sent again although its token stays. */
  #mayRefresh(isMoving: boolean): boolean {
    const { opened, found, activity, engine, isRewritten } = this.active;
    if (this.#isAlive !== undefined || found === undefined) {
      return false;
    }
    if (engine.backend.livesInToken) {
      // What is changed is sent anyway; only the activity of a session that was not is missing in its cookie.
      return this.site.rolling || activity.touchDue !== undefined;
    }
    if (this.site.rolling || !(isMoving || isRewritten)) {
      return this.site.rolling;
    }
    return this.cookie.attributesOf(opened, found).originalMaxAge !== null;
  }

  /**
   * Makes sure that the session is still there: the cookie of one that has ended must not go out again, since the browser
   * may hold that of a newer login by now. A write that came through shows it, else the touch does.
   */
  async #refresh(stored: Promise<void> | undefined, due: Held | undefined): Promise<void> {
    await stored;
    const { found, isRewritten } = this.active;
    const held = due ?? (this.site.rolling ? found : undefined);
    this.#isAlive = isRewritten || (held !== undefined && found === held && (await this.#touch(held)));
  }

  /** Writes the activity down; a failure is no concern of the client. */
  #touch(held: Held): Promise<boolean> {
    return this.active.activity.write(held).catch((error: unknown) => {
      this.site.reportError(error);
      return false;
    });
  }
}

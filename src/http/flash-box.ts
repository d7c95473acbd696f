import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActiveSession } from '../core/active-session.js';
import { SessionError } from '../core/errors.js';
import { draftOf } from '../core/field-object.js';
import {
  assertFlashType,
  drawFlashName,
  flashesIn,
  type FlashMessage,
  type FlashOptions,
  type FlashQuery,
  isFlash,
  makeFlash,
  type NamedFlash,
} from '../core/flash-message.js';
import type { LiveSession } from '../core/live-session.js';
import type { Handle } from '../core/record.js';
import type { RandomSource } from '../core/token.js';
import { canBeGated } from './install-gate.js';
import { preventCaching } from './response-headers.js';
import { pathOf } from './route-filter.js';
import { asHttp } from './session.exceptions.js';
import { isUnseen } from './unseen-request.js';

/** Messages that nobody takes must not fill the session: of more than these the oldest go. */
const MOST_MESSAGES = 50;

/** A message that was taken out of the store, and of which session. */
interface TakenFlash {
  readonly named: NamedFlash;
  readonly handle: Handle | undefined;
}

/** What the messages of a request need of it. */
export interface FlashHost {
  readonly active: ActiveSession;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly site: { readonly random: RandomSource };
}

/** The messages that are shown once, as one request adds and takes them. */
export class FlashBox {
  /** The fields of those that this request added. */
  readonly #own = new Set<string>();
  /** Those that this request took out of the store. */
  readonly #taken: TakenFlash[] = [];

  constructor(private readonly host: FlashHost) {}

  /** Adds a message. Where this request has ended its session, one begins. */
  add(type: string, message: unknown, options: FlashOptions): void {
    const { active, site } = this.host;
    const { live } = active;
    try {
      const flash = makeFlash(type, message, options);
      if (this.#isHeadOpen) {
        live.begin();
      }
      this.#makeRoom();
      const name = drawFlashName(site.random);
      live.set(name, flash);
      this.#own.add(name);
    } catch (error) {
      throw active.engine.report(error);
    }
  }

  /** Hands out messages and takes them away. Loads the session. */
  take(type?: string): Promise<FlashMessage[]> {
    const taking = this.#take(type).catch((error: unknown) => Promise.reject(asHttp(error)));
    // Where nobody waits for it nothing is lost by a failure: the messages stay.
    taking.catch(() => undefined);
    return taking;
  }

  /** Takes the messages that this request added along, when another session takes the place of one. */
  follow(old: LiveSession): void {
    const { live } = this.host.active;
    // Not `set()`: they were added in time, whatever has ended since.
    [...this.#own].filter((name) => old.has(name)).forEach((name) => live.fields.set(name, old.get(name)));
  }

  /** Lets go of the messages that this request added, as it does of its session. */
  forget(): void {
    this.#own.clear();
  }

  /**
   * Gives back what was taken: nobody has seen it, because the response was dropped. No response waits for it. It goes into
   * the session that it is from and into no other, which may be somebody else's.
   */
  putBack(): void {
    const { engine, found } = this.host.active;
    const taken = this.#taken.filter(({ handle }) => handle === found?.record.handle);
    if (found === undefined || taken.length === 0) {
      return;
    }
    const fields = new Map(taken.map(({ named: [name, flash] }) => [name, JSON.stringify(flash)]));
    engine.track(engine.backend.commit(found, () => ({ fields })).catch((error) => engine.report(error)));
  }

  /** Lets the oldest messages go where there would be too many with one more. */
  #makeRoom(): void {
    const { live } = this.host.active;
    if (live.names().length < MOST_MESSAGES) {
      return; // nothing has to be parsed
    }
    const messages = live.names().filter((name) => isFlash(name, live.get(name)));
    messages.slice(0, Math.max(0, messages.length + 1 - MOST_MESSAGES)).forEach((name) => live.delete(name));
  }

  /** Whether headers can still be set. */
  get #isHeadOpen(): boolean {
    const { res } = this.host;
    return canBeGated(res) && !res.headersSent;
  }

  async #take(type: string | undefined): Promise<FlashMessage[]> {
    const { active, req } = this.host;
    if (type !== undefined) {
      assertFlashType(type);
    }
    await active.load();
    const query: FlashQuery = { type, path: pathOf(req) };
    const visible = isUnseen(req) ? [] : flashesIn(draftOf(active.live), query);
    // What only this client has, no other request can take.
    const stored = active.engine.backend.livesInToken ? undefined : active.live.held?.texts;
    const isStored = ([name]: NamedFlash) => stored?.has(name) === true;
    const others = visible.some(isStored) ? await this.#takeStored(query) : [];
    const own = visible.filter((named) => !isStored(named) && active.live.has(named[0]));
    own.forEach(([name]) => active.live.delete(name));
    const all = [...others, ...own];
    // The back button would show them again.
    if (all.length > 0 && this.#isHeadOpen) {
      preventCaching(this.host.res);
    }
    return all.map(([, { type, message }]) => ({ type, message }));
  }

  /** At once and atomically, so that of two pages which load at the same moment one gets a message. */
  async #takeStored(query: FlashQuery): Promise<NamedFlash[]> {
    try {
      const { active } = this.host;
      let handle: Handle | undefined;
      const taken = await active.update((draft) => {
        handle = active.live.held?.record.handle;
        const found = flashesIn(draft, query);
        found.forEach(([name]) => Reflect.deleteProperty(draft, name));
        return found;
      });
      this.#taken.push(...taken.map((named) => ({ named, handle })));
      return taken;
    } catch (error) {
      if (error instanceof SessionError && error.code === 'session_gone') {
        return []; // they went with the session, which another request has ended
      }
      throw error;
    }
  }
}

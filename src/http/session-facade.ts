import { inspect } from 'node:util';
import session from 'express-session';
import type { ActiveSession } from '../core/active-session.js';
import { assertFieldName, fieldDescriptor, isAccessor, isReservedName } from '../core/field-object.js';
import type { LiveSession } from '../core/live-session.js';
import type { Operation } from '../core/operation.js';
import { asHttp, atEdge } from './session.exceptions.js';
import type { SessionCookie } from './session-cookie.js';

/** What a session object needs of the request it belongs to. */
export interface FacadeHost {
  readonly active: ActiveSession;
  /** The request, as `session.req`. */
  readonly req: object;
  /** The cookie object that goes with a session. */
  cookieOf(live: LiveSession): SessionCookie;
}

/** What a session object keeps to itself. */
interface FacadeState {
  readonly host: FacadeHost;
  /** The session it stands for, once it was touched; it stays with it when another takes its place. */
  live?: LiveSession;
}

const STATE = Symbol('nest-sessions.state');

interface FacadeTarget {
  [STATE]: FacadeState;
}

/** A callback of express-session's methods. */
type Callback = (error?: unknown) => void;

function stateOf(facade: object): FacadeState {
  const state: unknown = Reflect.get(facade, STATE);
  if (typeof state === 'object' && state !== null && 'host' in state) {
    return state as FacadeState;
  }
  throw new TypeError('This method belongs to a session object.');
}

function liveOf(state: FacadeState): LiveSession {
  return (state.live ??= state.host.active.live);
}

/** Whether the object's session is no longer the request's one: what is asked of it then has happened already. */
function isPast({ host, live }: FacadeState): boolean {
  return live !== undefined && live !== host.active.opened;
}

/** Runs an operation in express-session's manner: with a callback, or as a promise. */
function run(
  facade: object,
  operation: Operation<void> | undefined,
  callback: Callback | undefined,
): unknown {
  const done = operation?.mapError(asHttp) ?? Promise.resolve();
  if (callback === undefined) {
    return done;
  }
  // On a tick of its own, so that what the callback throws is an uncaught exception as it was before.
  done.then(
    () => process.nextTick(callback),
    (error: unknown) => process.nextTick(callback, error),
  );
  return facade;
}

const METHODS = {
  save(this: object, callback?: Callback): unknown {
    const state = stateOf(this);
    return run(this, isPast(state) ? undefined : state.host.active.save(), callback);
  },
  reload(this: object, callback?: Callback): unknown {
    return run(this, stateOf(this).host.active.reload(), callback);
  },
  regenerate(this: object, callback?: Callback): unknown {
    return run(this, stateOf(this).host.active.regenerate(), callback);
  },
  destroy(this: object, callback?: Callback): unknown {
    const state = stateOf(this);
    return run(this, isPast(state) ? undefined : state.host.active.destroy(), callback);
  },
  touch(this: object): object {
    const state = stateOf(this);
    state.host.active.activity.touch();
    return METHODS.resetMaxAge.call(this);
  },
  resetMaxAge(this: object): object {
    const state = stateOf(this);
    atEdge(() => state.host.cookieOf(liveOf(state)).reset());
    return this;
  },
  [inspect.custom](this: object): unknown {
    const { host, live = host.active.visible } = stateOf(this);
    return live === undefined
      ? 'Session <not loaded>'
      : Object.fromEntries(live.names().map((name) => [name, live.get(name)]));
  },
};

/** What every session object inherits: our methods, then express-session's own prototype. */
const PROTOTYPE: object = Object.create(
  session.Session.prototype as object,
  Object.fromEntries(
    Reflect.ownKeys(METHODS).map((name) => [
      name,
      { value: Reflect.get(METHODS, name) as unknown, writable: true, configurable: true, enumerable: false },
    ]),
  ),
);

/** Names that a look at the object asks for without anybody meaning a field. */
const LOOKED_AT: ReadonlySet<string> = new Set(['then', 'toJSON', 'constructor', '__proto__']);

const TRAPS: ProxyHandler<FacadeTarget> = {
  get(target, key, receiver) {
    if (typeof key === 'symbol') {
      return Reflect.get(target, key, receiver);
    }
    const state = target[STATE];
    if (isReservedName(key)) {
      return atEdge(() => reserved(state, key));
    }
    if (LOOKED_AT.has(key)) {
      const live = state.live ?? state.host.active.visible;
      return live?.has(key) === true ? live.get(key) : Reflect.get(target, key, receiver);
    }
    const live = atEdge(() => liveOf(state));
    return live.has(key) ? live.get(key) : Reflect.get(target, key, receiver);
  },

  set(target, key, value) {
    if (typeof key === 'symbol') {
      return Reflect.set(target, key, value, target);
    }
    atEdge(() => assign(target[STATE], key, value));
    return true;
  },

  has(target, key) {
    return (
      Reflect.has(target, key) ||
      (typeof key === 'string' && (isReservedName(key) || atEdge(() => liveOf(target[STATE]).has(key))))
    );
  },

  deleteProperty(target, key) {
    if (typeof key === 'string') {
      atEdge(() => {
        assertFieldName(key);
        liveOf(target[STATE]).delete(key);
      });
    }
    return true;
  },

  // A record that somebody else wrote may have a field of a reserved name; a name must not come twice.
  ownKeys: (target) => [
    'cookie',
    ...atEdge(() => liveOf(target[STATE]).names()).filter((name) => !isReservedName(name)),
  ],

  getOwnPropertyDescriptor(target, key) {
    if (typeof key === 'symbol') {
      return undefined;
    }
    const state = target[STATE];
    if (key === 'cookie') {
      const value = atEdge(() => reserved(state, key));
      return { value, writable: true, enumerable: true, configurable: true };
    }
    return isReservedName(key) ? undefined : atEdge(() => fieldDescriptor(liveOf(state), key));
  },

  defineProperty(target, key, descriptor) {
    if (typeof key === 'symbol' || isAccessor(descriptor)) {
      return false;
    }
    atEdge(() => assign(target[STATE], key, descriptor.value));
    return true;
  },

  preventExtensions: () => false,
};

/** A field, or the cookie's attributes. */
function assign(state: FacadeState, name: string, value: unknown): void {
  const live = liveOf(state);
  if (name === 'cookie' && typeof value === 'object' && value !== null) {
    live.assertWritable();
    state.host.cookieOf(live).assign(value);
  } else {
    live.set(name, value);
  }
}

/** A member of the session object that is no field. */
function reserved(state: FacadeState, name: string): unknown {
  switch (name) {
    case 'cookie':
      return state.host.cookieOf(liveOf(state)).cookie;
    case 'id':
      return liveOf(state).identity.id;
    case 'req':
      return state.host.req;
    default:
      return Reflect.get(PROTOTYPE, name);
  }
}

/** An object that shows a session as express-session does: fields as properties, methods on the prototype. */
export class SessionFacade {
  readonly object: object;
  readonly #state: FacadeState;

  constructor(host: FacadeHost) {
    this.#state = { host };
    const target = Object.create(PROTOTYPE) as FacadeTarget;
    // Not enumerable: whoever prints the object past its proxy prints no state.
    Object.defineProperty(target, STATE, { value: this.#state, configurable: true });
    this.object = new Proxy(target, TRAPS);
  }

  /** Another session takes the place of this one; the object stays with its own. */
  bind(live: LiveSession): void {
    this.#state.live ??= live;
  }
}

// `export *`, so that `declare module 'nest-sessions' { interface SessionData { … } }` finds the interface to add to.
export * from './session-data.js';
import './express-session.augmentation.js';

export { applySession, SessionModule } from './session.module.js';
export type { SessionModuleExtras, SessionOptionsFactory } from './session.module-definition.js';

export type {
  SessionAuthOptions,
  SessionCookieOptions,
  SessionMiddlewareOptions,
  SessionOptions,
  SessionRegistryOptions,
  SessionRememberOptions,
  SessionRoute,
  SessionRoutes,
} from './options/session.options.js';
export { passportPrincipal, type PrincipalTeller } from './options/passport-principal.js';
export type { SessionLogger } from './options/session-logger.js';
export { SessionOptionsError } from './options/session-options.error.js';

export { Public, RecentLogin, RequireSession } from './decorators/access.decorators.js';
export { Flash } from './decorators/flash.decorator.js';
export { OnSession, type OnSessionDecorator } from './decorators/on-session.decorator.js';
export { Principal, Session } from './decorators/session.decorator.js';
export type { FieldPredicate, FieldValues } from './guards/access.js';
export { AuthGuard } from './guards/auth.guard.js';
export { RecentLoginGuard } from './guards/recent-login.guard.js';
// What a guard of your own that extends AuthGuard works with.
export type { Access, Requirement } from './guards/access.js';
export type { RequestSession } from './http/request-session.js';
export type { ResolvedSessionOptions } from './options/resolved-options.js';
export { RESOLVED_OPTIONS as SESSION_OPTIONS } from './options/tokens.js';

export { SessionEvents } from './services/session-events.service.js';
export { type ListOptions, type SessionInfo, SessionRegistry } from './services/session-registry.service.js';
export {
  type ConfirmOptions,
  type LoginOptions,
  type RegenerateOptions,
  SessionService,
} from './services/session.service.js';
export type { FieldName, FieldValue, SessionFields, SessionPath } from './session-fields.js';

export { createSessionMiddleware, type SessionMiddleware } from './http/session.middleware.js';
export {
  LoginRedirectException,
  RecentLoginRequiredException,
  SessionClosedError,
  SessionException,
  SessionForbiddenException,
  SessionGoneException,
  SessionLimitException,
  SessionNotLoadedError,
  SessionNotStorableException,
  SessionRequiredException,
  SessionUnavailableException,
  SessionUsageException,
} from './http/session.exceptions.js';

export { type Clock, systemClock } from './core/clock.js';
export type { DeviceNote } from './core/meta.js';
export type { Duration } from './core/duration.js';
export type { ExpressSessionStore } from './core/express-session-store.js';
export { SessionError, type SessionErrorCode } from './core/errors.js';
export type { FlashMessage, FlashOptions, JsonValue } from './core/flash-message.js';
export type {
  Handle,
  Principal as PrincipalId,
  SessionId,
  SessionRecord,
  Token,
  Version,
} from './core/record.js';
export type {
  EndReason,
  SessionEnded,
  SessionEvent,
  SessionEventOf,
  SessionEventType,
  SessionLogin,
  SessionLostWrite,
  SessionRenewed,
  SessionStarted,
  SessionTokenReused,
} from './core/session-event.js';
export { type Sealer, SealedSessions } from './core/sealed-sessions.js';
export { StoreSetupError } from './core/store-setup.error.js';
export type {
  Forgotten,
  ForgottenListener,
  ForgottenRecord,
  ReportingStore,
} from './core/reporting-store.js';
export { type Replaced, SessionStore, type SweepingStore } from './core/session-store.js';

export { MemorySessionStore, type MemorySessionStoreOptions } from './stores/memory/memory.store.js';

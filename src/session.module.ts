import {
  type DynamicModule,
  type INestApplicationContext,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ApplicationConfig, DiscoveryModule, HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { SessionStore } from './core/session-store.js';
import { AuthGuard } from './guards/auth.guard.js';
import { RecentLoginGuard } from './guards/recent-login.guard.js';
import { answerWithFilters } from './http/exception-layer.js';
import { isMountTarget, mountSessions, secondModule } from './http/mount.js';
import { SessionHttp } from './http/session-http.js';
import { usableStore } from './http/usable-store.js';
import type { ResolvedSessionOptions } from './options/resolved-options.js';
import type { SessionLogger } from './options/session-logger.js';
import { resolveOptions } from './options/resolve-options.js';
import type { SessionOptions } from './options/session.options.js';
import { RESOLVED_OPTIONS } from './options/tokens.js';
import { SessionEvents } from './services/session-events.service.js';
import { SessionListeners } from './services/session-listeners.explorer.js';
import { SessionRegistry } from './services/session-registry.service.js';
import { SessionService } from './services/session.service.js';
import {
  ASYNC_OPTIONS_TYPE,
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN,
  OPTIONS_TYPE,
} from './session.module-definition.js';
import { MemorySessionStore } from './stores/memory/memory.store.js';

/**
 * Sessions for a Nest application: import it once, in the root module.
 *
 * The middleware is in place before anything `main.ts` adds with `app.use()`, so that Passport and the like find
 * `req.session`. With `mount: 'manual'` the application places it itself, with {@link applySession}.
 *
 * @example
 * \@Module({ imports: [SessionModule.forRoot({ secret: process.env.SESSION_SECRET })] })
 * export class AppModule {}
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: SessionOptions) => resolveOptions(options),
    },
    {
      provide: SessionStore,
      inject: [RESOLVED_OPTIONS],
      useFactory: (options: ResolvedSessionOptions) =>
        usableStore(options.store ?? new MemorySessionStore(), options, loggerOf(options)),
    },
    {
      provide: SessionHttp,
      inject: [RESOLVED_OPTIONS, SessionStore, HttpAdapterHost, ApplicationConfig],
      useFactory: (
        options: ResolvedSessionOptions,
        store: unknown,
        host: HttpAdapterHost,
        config: ApplicationConfig,
      ) =>
        new SessionHttp({
          options,
          // Once more: an injector's override may be any store.
          store: usableStore(store, options, loggerOf(options)),
          logger: loggerOf(options),
          onCommitError: answerWithFilters(config, host),
        }),
    },
    SessionService,
    SessionRegistry,
    SessionEvents,
    SessionListeners,
    AuthGuard,
    RecentLoginGuard,
  ],
  exports: [
    RESOLVED_OPTIONS,
    SessionStore,
    SessionHttp,
    SessionService,
    SessionRegistry,
    SessionEvents,
    AuthGuard,
    RecentLoginGuard,
  ],
})
export class SessionModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(SessionHttp) private readonly http: SessionHttp,
    @Inject(RESOLVED_OPTIONS) options: ResolvedSessionOptions,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {
    super();
    if (options.mount === 'auto') {
      // As early as there is an adapter: now in an application, at createNestApplication() in a testing module.
      whenMountable(host, (adapter) => mountSessions(adapter, http));
    }
  }

  /**
   * Sessions with these options.
   *
   * @throws {SessionOptionsError} at boot, for options that are insecure or mean nothing
   */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return super.forRoot(options);
  }

  /** Sessions with options from a factory, a class or an existing provider, which may inject what they need. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** Makes the store ready before the application takes requests. */
  async onModuleInit(): Promise<void> {
    const imported = [...this.modules.values()].filter(({ metatype }) => metatype === SessionModule);
    if (imported.length > 1) {
      throw secondModule();
    }
    await this.http.open();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.http.close();
  }
}

/**
 * Places the session middleware here, after what was added before it. For `mount: 'manual'`; where the module has
 * mounted itself it does nothing.
 *
 * @example
 * app.use(helmet(), compression());
 * applySession(app);
 *
 * @publicApi
 */
export function applySession(app: INestApplicationContext): void {
  const adapter: unknown = app.get(HttpAdapterHost).httpAdapter;
  if (isMountTarget(adapter)) {
    mountSessions(adapter, app.get(SessionHttp));
  }
}

function loggerOf({ logger = new Logger('SessionModule') }: ResolvedSessionOptions): SessionLogger {
  return logger;
}

function whenMountable(
  host: HttpAdapterHost,
  mount: (adapter: Parameters<typeof mountSessions>[0]) => void,
): void {
  const adapter: unknown = host.httpAdapter;
  if (isMountTarget(adapter)) {
    mount(adapter);
    return;
  }
  host.init$.subscribe(() => {
    const late: unknown = host.httpAdapter;
    if (isMountTarget(late)) {
      mount(late);
    }
  });
}

import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { isEventType, type SessionEvent, type SessionEventType } from '../core/session-event.js';
import { SessionHttp } from '../http/session-http.js';
import { SessionOptionsError } from '../options/session-options.error.js';
import { listenedTypes } from './on-session.metadata.js';

/** What Nest knows of a provider or controller. */
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** A method that `@OnSession()` is on. */
interface Found {
  readonly wrapper: Wrapper;
  /** What people call it: `AuditService.onEnded`. */
  readonly name: string;
  readonly types: readonly SessionEventType[];
  readonly tell: (event: SessionEvent) => unknown;
}

/** Finds the methods that `@OnSession()` is on, once, at boot, and lets them listen. */
@Injectable()
export class SessionListeners implements OnModuleInit, OnApplicationBootstrap {
  #found: readonly Found[] = [];

  constructor(
    @Inject(SessionHttp) private readonly http: SessionHttp,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
  ) {}

  /** @throws {SessionOptionsError} for a method that could not be told */
  onModuleInit(): void {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    // What is provided under several tokens is one object.
    const seen = new Set<object>();
    this.#found = wrappers.flatMap((wrapper) => {
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) {
        return [];
      }
      seen.add(instance);
      return this.#listenersOf(wrapper, instance);
    });
    this.#found.forEach(assertCanBeTold);
  }

  /** From here on every provider is ready. */
  onApplicationBootstrap(): void {
    for (const { name, types, tell } of this.#found) {
      this.http.events.listen(tell, { name, ...(types.length === 0 ? {} : { types }) });
    }
  }

  #listenersOf(wrapper: Wrapper, instance: object): Found[] {
    const prototype = Reflect.getPrototypeOf(instance);
    return this.scanner.getAllMethodNames(prototype).flatMap((method) => {
      // Not through the object, which may be somebody's proxy.
      const types = prototype === null ? undefined : listenedTypes(Reflect.get(prototype, method));
      return types === undefined
        ? []
        : [
            {
              wrapper,
              name: `${instance.constructor.name}.${method}`,
              types,
              tell: (event: SessionEvent) => Reflect.get(instance, method).call(instance, event),
            },
          ];
    });
  }
}

function assertCanBeTold({ wrapper, name, types }: Found): void {
  if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) {
    throw refused(
      name,
      `${wrapper.isTransient ? 'transient' : 'request-scoped'}, or depends on a provider that is, so that there is no one ` +
        'object to be told of an event, which belongs to no request',
      'Put the method into a singleton provider.',
    );
  }
  const unknown = types.find((type) => !isEventType(type));
  if (unknown !== undefined) {
    throw refused(
      name,
      `to be told of ${JSON.stringify(unknown)}, and no event has that type`,
      'See docs/events.md for the types.',
    );
  }
}

function refused(name: string, problem: string, fix: string): SessionOptionsError {
  return new SessionOptionsError({ option: '@OnSession()', problem: `${name} is ${problem}`, fix });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ArgumentsHost, ExceptionFilter, Type } from '@nestjs/common';
import { type ApplicationConfig, BaseExceptionFilter, type HttpAdapterHost } from '@nestjs/core';
import type { CommitErrorHandler } from './session-http.js';

/** Where `@Catch()` keeps what a filter catches. */
const CATCHES = '__filterCatchExceptions__';

/**
 * Lets the application's global exception filters answer for a session that could not be stored. Filters of routes and
 * controllers do not run: their handler is over.
 */
export function answerWithFilters(config: ApplicationConfig, host: HttpAdapterHost): CommitErrorHandler {
  return (error, req, res) => {
    const filter = [...config.getGlobalFilters()].reverse().find((one) => catches(one, error));
    const chosen = filter ?? new BaseExceptionFilter(host.httpAdapter);
    return chosen.catch(error, argumentsOf(req, res)) as void | Promise<void>;
  };
}

function catches(filter: ExceptionFilter, error: unknown): boolean {
  const types: unknown = Reflect.getMetadata(CATCHES, filter.constructor);
  return (
    !Array.isArray(types) ||
    types.length === 0 ||
    types.some((type: Type) => typeof type === 'function' && error instanceof type)
  );
}

/** The arguments of a handler that never ran, as filters expect them. */
function argumentsOf(req: IncomingMessage, res: ServerResponse): ArgumentsHost {
  const next = (): void => undefined;
  const args = [req, res, next];
  const http: ReturnType<ArgumentsHost['switchToHttp']> = {
    getRequest: <T>() => req as T,
    getResponse: <T>() => res as T,
    getNext: <T>() => next as T,
  };
  return {
    getArgs: <T extends unknown[]>() => args as T,
    getArgByIndex: <T>(index: number) => args[index] as T,
    getType: <T extends string>() => 'http' as T,
    switchToHttp: () => http,
    switchToRpc: () => unsupported(),
    switchToWs: () => unsupported(),
  };
}

function unsupported(): never {
  throw new TypeError('This is an HTTP request.');
}

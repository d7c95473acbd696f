import { METHODS } from 'node:http';
import { checkNames, checkObject, shown } from './check.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionRoutes } from './session.options.js';

/** Checks the shape of the routes; whether a path is a pattern is seen where it becomes one. */
export function checkRoutes(routes: SessionRoutes): SessionRoutes {
  checkObject('routes', routes);
  checkNames('routes', routes, ['include', 'exclude']);
  checkList('routes.include', routes.include);
  checkList('routes.exclude', routes.exclude);
  return routes;
}

function checkList(option: string, list: unknown): void {
  if (list === undefined) {
    return;
  }
  if (!Array.isArray(list)) {
    throw new SessionOptionsError({
      option,
      problem: `${shown(list)} is no list`,
      fix: "Give a list such as ['/health', { path: '/assets/*path', method: 'GET' }].",
    });
  }
  list.forEach((route: unknown) => checkRoute(option, route));
}

function checkRoute(option: string, route: unknown): void {
  if (typeof route === 'string') {
    checkPath(option, route);
    return;
  }
  checkObject(option, route);
  const { path, method, ...others }: { path?: unknown; method?: unknown } = Object(route);
  checkNames(option, others, ['path', 'method']);
  checkPath(option, path);
  checkMethod(option, method);
}

/** Without the slash it would match nothing, and nobody would notice. */
function checkPath(option: string, path: unknown): void {
  if (typeof path !== 'string' || !/^[/{]/.test(path)) {
    throw new SessionOptionsError({
      option,
      problem: `${shown(path)} is no path that begins with a slash`,
      fix: "Write the whole path, e.g. '/health', or '/api/health' with a global prefix.",
    });
  }
}

/** Numbers are Nest's enumeration, which this room does not know. */
function checkMethod(option: string, method: unknown): void {
  const isMethod = typeof method === 'string' && [...METHODS, 'ALL'].includes(method.toUpperCase());
  if (!isMethod && typeof method !== 'number') {
    throw new SessionOptionsError({
      option,
      problem: `${shown(method)} is no method of HTTP`,
      fix: "Give one such as 'GET', or only the path for every method.",
    });
  }
}

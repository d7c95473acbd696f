import type { IncomingMessage } from 'node:http';
import { RequestMethod } from '@nestjs/common';
import { match, type MatchFunction } from 'path-to-regexp';
import type { SessionRoute, SessionRoutes } from '../options/session.options.js';
import { SessionOptionsError } from '../options/session-options.error.js';

type Matcher = (method: string, path: string) => boolean;

/** Makes the test that says which requests have a session. */
export function routeFilter({ include, exclude }: SessionRoutes): (req: IncomingMessage) => boolean {
  if (include === undefined && exclude === undefined) {
    return () => true;
  }
  const included = include?.map((route) => matcher('routes.include', route));
  const excluded = exclude?.map((route) => matcher('routes.exclude', route)) ?? [];
  return (req) => {
    const path = pathOf(req);
    const matches = (test: Matcher) => test(req.method ?? 'GET', path);
    return (included === undefined || included.some(matches)) && !excluded.some(matches);
  };
}

/** The request target as the client sent it, whatever router it has come through. */
export function targetOf(req: IncomingMessage): string {
  return 'originalUrl' in req && typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? '/');
}

/** The path that was asked for, whatever router it has come through. */
export function pathOf(req: IncomingMessage): string {
  const url = targetOf(req);
  // RFC 9112, 3.2.2: a server has to take the absolute form too.
  const target = url.startsWith('/') ? url : url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
  const end = target.search(/[?#]/);
  return (end === -1 ? target : target.slice(0, end)) || '/';
}

function matcher(option: string, route: SessionRoute): Matcher {
  const { path, method = 'ALL' }: { path: string; method?: string | number } =
    typeof route === 'string' ? { path: route } : route;
  let matches: MatchFunction<object>;
  try {
    matches = match(path);
  } catch (cause) {
    throw new SessionOptionsError({
      option,
      problem: `${JSON.stringify(path)} is no path pattern (${cause instanceof Error ? cause.message : 'unknown'})`,
      fix: "Write it as in path-to-regexp 8, e.g. '/assets/*path'.",
    });
  }
  const wanted = (typeof method === 'number' ? RequestMethod[method] : method)?.toUpperCase();
  if (wanted === undefined) {
    throw new SessionOptionsError({
      option,
      problem: `${method} is no method of HTTP`,
      fix: 'Give one of RequestMethod, or only the path for every method.',
    });
  }
  // A router answers HEAD with the route for GET.
  const isMethod = (asked: string) =>
    wanted === 'ALL' || wanted === asked || (wanted === 'GET' && asked === 'HEAD');
  return (asked, at) => isMethod(asked) && matchesPath(matches, at);
}

function matchesPath(matches: MatchFunction<object>, path: string): boolean {
  try {
    return matches(path) !== false;
  } catch {
    return false; // percent-encoding that is none
  }
}

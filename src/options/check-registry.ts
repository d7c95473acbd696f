import type { IncomingMessage } from 'node:http';
import type { AdmissionLimit } from '../core/index-entries.js';
import type { DeviceNote } from '../core/meta.js';
import { checkFunction, checkInteger, checkNames, checkObject, checkOneOf, shown } from './check.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionOptions, SessionRegistryOptions } from './session.options.js';

/** The registry after defaults and checks. */
export interface ResolvedRegistry {
  /** How many sessions a principal may have; undefined for no limit of the application's own. */
  readonly limitOf: (principal: string) => AdmissionLimit | undefined;
  /** What is noted about where a session is used; undefined when nothing is. */
  readonly deviceOf: (req: IncomingMessage, onFailure: OnLabelFailure) => DeviceNote | undefined;
}

/** Told why there is no label. */
type OnLabelFailure = (error: unknown) => void;

/** Longest texts of a note, in UTF-16 units: what a client says of itself must not fill the store. */
const LONGEST = { userAgent: 256, ip: 64, label: 128 } as const;

/** What is no text, such as half of a character that was cut. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** Undefined when the application does not ask to know who is logged in where. */
export function checkRegistry(options: SessionOptions): ResolvedRegistry | undefined {
  const { maxSessions } = options;
  const onLimit = checkOneOf('onLimit', options.onLimit ?? 'evict-oldest', [
    'evict-oldest',
    'refuse',
  ] as const);
  if (maxSessions === undefined && options.onLimit !== undefined) {
    throw new SessionOptionsError({
      option: 'onLimit',
      problem: 'it means nothing without maxSessions',
      fix: 'Give maxSessions, or leave it out.',
    });
  }
  const registry = checkNotes(options.registry ?? maxSessions !== undefined);
  if (registry === undefined) {
    if (maxSessions !== undefined) {
      throw new SessionOptionsError({
        option: 'registry',
        problem: 'it is false, and maxSessions needs it',
        fix: 'Leave it out, or maxSessions.',
      });
    }
    return undefined;
  }
  return {
    limitOf: limitBy(maxSessions, onLimit),
    deviceOf: (req, onFailure) => noteOf(req, registry, onFailure),
  };
}

function checkNotes(registry: boolean | SessionRegistryOptions): SessionRegistryOptions | undefined {
  if (typeof registry === 'boolean') {
    return registry ? {} : undefined;
  }
  checkObject('registry', registry);
  checkNames('registry', registry, ['userAgent', 'ip', 'label']);
  checkOneOf('registry.userAgent', registry.userAgent ?? false, [true, false] as const);
  checkOneOf('registry.ip', registry.ip ?? false, [true, false] as const);
  checkFunction('registry.label', registry.label);
  return registry;
}

function limitBy(
  maxSessions: SessionOptions['maxSessions'],
  onLimit: AdmissionLimit['onLimit'],
): ResolvedRegistry['limitOf'] {
  if (maxSessions === undefined) {
    return () => undefined;
  }
  if (typeof maxSessions === 'function') {
    return (principal) => ({ maxSessions: checkInteger('maxSessions', maxSessions(principal)), onLimit });
  }
  const limit = { maxSessions: checkInteger('maxSessions', maxSessions), onLimit };
  return () => limit;
}

function noteOf(
  req: IncomingMessage,
  { userAgent, ip, label }: SessionRegistryOptions,
  onFailure: OnLabelFailure,
): DeviceNote | undefined {
  const parts = {
    userAgent: userAgent === true ? req.headers['user-agent'] : undefined,
    ip: ip === true ? addressOf(req) : undefined,
    label: label && labelOf(req, label, onFailure),
  };
  const note = Object.fromEntries(
    Object.entries(parts).flatMap(([name, value]) =>
      value === undefined
        ? []
        : [[name, value.slice(0, LONGEST[name as keyof typeof LONGEST]).replace(LONE_SURROGATES, '\uFFFD')]],
    ),
  );
  return Object.keys(note).length === 0 ? undefined : note;
}

/** As the framework tells it where that knows about proxies. */
function addressOf(req: IncomingMessage): string | undefined {
  const ip: unknown = Reflect.get(req, 'ip');
  return typeof ip === 'string' ? ip : req.socket.remoteAddress;
}

/** A label is an ornament: nobody is kept from logging in because the application could make none. */
function labelOf(
  req: IncomingMessage,
  label: NonNullable<SessionRegistryOptions['label']>,
  onFailure: OnLabelFailure,
): string | undefined {
  try {
    const value: unknown = label(req);
    if (value === undefined || typeof value === 'string') {
      return value;
    }
    // A promise that fails is not left to end the process.
    Promise.resolve(value).catch(() => undefined);
    throw new TypeError(
      `The function registry.label answered ${shown(value)}, which is no text. Answer one, or undefined, at once.`,
    );
  } catch (error) {
    onFailure(error);
    return undefined;
  }
}

/** Injects the options after defaults and checks. */
export const RESOLVED_OPTIONS = Symbol('nest-sessions.options');

/**
 * The fields of your sessions. Name them once, and `req.session`, `@Session('…')` and `SessionService` know them.
 *
 * @example
 * declare module 'nest-sessions' {
 *   interface SessionData {
 *     email: string;
 *     cart: string[];
 *   }
 * }
 *
 * @publicApi
 */
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type -- it is there to be added to
export interface SessionData {}

import type { SessionData as OurSessionData } from './session-data.js';

declare module 'express-session' {
  // What is named in either place is known in both.
  // oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type -- it only joins the two
  interface SessionData extends OurSessionData {}
}

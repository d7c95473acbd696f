import 'nest-sessions';

declare module 'nest-sessions' {
  /** What this application keeps in a session. */
  interface SessionData {
    email: string;
  }
}

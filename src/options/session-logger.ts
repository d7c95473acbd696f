/** Where warnings and errors go. Nest's `Logger` and the console both fit. */
export interface SessionLogger {
  warn(message: string): void;
  error(message: string, error?: unknown): void;
}

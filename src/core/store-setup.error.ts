/**
 * What a store's `open()` rejects with when it is set up in a way that loses or leaks sessions and that will not get
 * better by waiting. The application does not start with it, whatever `requireStoreAtBoot` says.
 *
 * @publicApi
 */
export class StoreSetupError extends Error {
  override readonly name = 'StoreSetupError';
  /** Stable code of this error. */
  readonly code = 'session_store_setup';

  /**
   * @param problem what is wrong, never with a password or an address that holds one
   * @param fix what to do about it
   */
  constructor(problem: string, fix: string, options?: ErrorOptions) {
    super(`${problem} ${fix}`, options);
  }
}

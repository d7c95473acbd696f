/**
 * Connects a client until that has worked once. The driver connects by itself with the first operation, but only then: if
 * that attempt ran out of time, it answers every later operation that its topology is closed. Once connected, it finds the
 * server again by itself, and a client that the application has closed since is left closed. One that was closed before is
 * connected again: the driver has no public sign that tells it from one that found no server. That ends with the store,
 * which asks for nothing after its close().
 */
export class FirstConnection {
  #isMade = false;

  /** Rejects with the driver's reason while there is no server to connect to. */
  async make(client: { connect?(): Promise<unknown> } | undefined): Promise<void> {
    if (!this.#isMade) {
      await client?.connect?.();
      this.#isMade = true;
    }
  }
}

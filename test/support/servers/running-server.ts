/** A server that tests talk to. */
export interface RunningServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Undefined while it does not run, and for a server that the tests have not started. */
  readonly pid: number | undefined;
  /** Whether the tests started it; one whose address came from the environment they must leave alone. */
  readonly isOwn: boolean;
  /** Stops it in its tracks (SIGSTOP): connections stay, nothing is answered. */
  pause(): Promise<void>;
  /** Lets it go on after `pause()`. */
  resume(): Promise<void>;
  /** Ends it at once (SIGKILL), as a crash does; its data stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. Resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it and deletes its data. A server that is not ours is left as it is. */
  stop(): Promise<void>;
}

/** A server at an address from the environment. */
export class OutsideServer implements RunningServer {
  readonly isOwn = false;
  readonly pid = undefined;
  readonly host: string;
  readonly port: number;

  constructor(
    private readonly variable: string,
    readonly url: string,
    defaultPort: number,
  ) {
    const { hostname, port } = new URL(url);
    this.host = hostname;
    this.port = port === '' ? defaultPort : Number(port);
  }

  pause = () => this.#refuse('pause');
  resume = () => this.#refuse('resume');
  kill = () => this.#refuse('kill');
  restart = () => this.#refuse('restart');

  async stop(): Promise<void> {
    // Whoever started it stops it.
  }

  #refuse(what: string): Promise<never> {
    const reason = `its address came from ${this.variable}, so it is not the tests' own`;
    return Promise.reject(
      new Error(`Cannot ${what} the server: ${reason}. Unset ${this.variable} to let the tests start one.`),
    );
  }
}

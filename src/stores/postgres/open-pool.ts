import { badUrl, describeFailure } from './failure.js';
import { loadPg, type OwnPool, type Pg } from './load-pg.js';

/** How long a connection may take, waiting for a free one included, in milliseconds. */
const CONNECT_TIMEOUT = 5_000;

/**
 * How long a statement may take, in milliseconds; then its connection is closed. By the time it strikes the request has
 * its 503; it is there so that connections to a server that is gone without a word are given up. It is the driver's
 * timer and no setting of the server's, which pgbouncer would refuse.
 */
const QUERY_TIMEOUT = 10_000;

/** The highest port there is. */
const LAST_PORT = 65_535;

/**
 * Opens a pool of our own on a URL. Connections are made when they are needed.
 *
 * @throws {StoreSetupError} for a URL that the driver cannot read.
 * @throws Error when the package pg is not installed.
 */
export async function openPool(url: string): Promise<OwnPool> {
  const { Client, Pool } = await loadPg();
  assertUsable(url, Client);
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: QUERY_TIMEOUT,
    keepAlive: true,
  });
  // A connection that breaks while nobody uses it is replaced by the next one. Without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** The pool itself would read the URL with its first connection, and with some that it cannot use never end after that. */
function assertUsable(url: string, Client: Pg['Client']): void {
  const port = portOf(url, Client);
  if (!(port >= 0 && port <= LAST_PORT)) {
    throw badUrl();
  }
}

function portOf(url: string, Client: Pg['Client']): number {
  try {
    return new Client({ connectionString: url }).port;
  } catch (error) {
    throw describeFailure(error);
  }
}

import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what systems give to outgoing connections (from 32768 on Linux, 49152 elsewhere): a client that keeps trying
 * to reach a server that is down could else be given the server's port as its own, and even connect to itself.
 */
const LOWEST = 10_240;
const HIGHEST = 32_000;

/** A port on 127.0.0.1 that nobody listens on just now, and neither on those so much above it. */
export async function freePort(...offsets: readonly number[]): Promise<number> {
  const highest = HIGHEST - Math.max(0, ...offsets);
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (highest - LOWEST));
    const free = await Promise.all([0, ...offsets].map((offset) => isFree(port + offset)));
    if (free.every(Boolean)) {
      return port;
    }
  }
  throw new Error('There is no free port on 127.0.0.1.');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

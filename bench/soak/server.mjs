// The application under load, in a process of its own (node --expose-gc): prints samples of what it holds, one JSON a line. After
// `close` on its standard input it closes and ends by itself: nothing here ends the process.
//   STORE=memory|redis|…  STORE_URL=…  FAULT=<path of a module that damages it, for the tests>
import 'reflect-metadata';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { SessionModule } from 'nest-sessions';
import { clock, storeAt } from './store-at.mjs';
import { pagesController } from './pages.mjs';

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** How many of each kind of resource keep the process busy, timers among them. */
function activeResources() {
  const counts = {};
  for (const type of process.getActiveResourcesInfo()) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** Open descriptors, counted by what they are (`socket`, `pipe`, a file's name); undefined on a system without /proc. */
function descriptors() {
  if (!existsSync('/proc/self/fd')) return undefined;
  const counts = {};
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      const [kind] = readlinkSync(`/proc/self/fd/${name}`).split(':[');
      const what = basename(kind); // where the file is belongs to this machine
      counts[what] = (counts[what] ?? 0) + 1;
    } catch {
      // The directory that was being read; it is closed by now.
    }
  }
  return counts;
}

async function sample() {
  for (let n = 0; n < 3; n++) {
    globalThis.gc();
    await turn();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapUsed, external, rss, descriptors: descriptors(), resources: activeResources() };
}

const store = await storeAt(process.env.STORE ?? 'memory', process.env.STORE_URL);
// Node's first server opens a descriptor that it keeps for good.
const first = createServer().listen(0, '127.0.0.1');
await once(first, 'listening');
first.close();
await once(first, 'close');
const before = await sample();
const logger = { warn() {}, error: (...parts) => console.error(...parts) };
const sessions = SessionModule.forRoot({
  secret: 'bench-secret-0123456789-abcdefghijklmnop',
  store,
  logger,
  clock, // thirty times as fast
  idleTimeout: '2m',
  renewAfter: '1m',
  maxSessions: 3,
});
const root = { module: class Root {}, imports: [sessions], controllers: [pagesController()] };
const app = await NestFactory.create(root, { logger: false, abortOnError: false });
const fault = process.env.FAULT === undefined ? undefined : await import(process.env.FAULT);
fault?.beforeListen?.(app);
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();
say({ ready: url, before });

async function close() {
  process.stdin.pause();
  process.stdin.unref?.();
  await app.close();
  fault?.afterClose?.(app);
  // What is being closed needs a moment; what stays is what was left behind.
  for (let n = 0; n < 20; n++) await turn();
  say({ closed: await sample() });
}

process.stdin.setEncoding('utf8').on('data', (text) => {
  for (const command of text.split('\n')) {
    if (command === 'sample') void sample().then((line) => say({ sample: line }));
    if (command === 'close') void close();
  }
});

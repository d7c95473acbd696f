import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { afterAll } from 'vitest';

/** A way in which a handler on Express answers, and what a client should get of it. */
export interface Way {
  readonly name: string;
  readonly respond: (res: Response) => unknown;
  readonly status: number;
  readonly method?: string;
  /** The content; as long as it is, only its length and its ends are compared. */
  readonly content: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of the request. */
  readonly ask?: Readonly<Record<string, string>>;
}

/** Longer than the threshold of compression. */
export const LONG = 'All work and no play makes Jack a dull boy. '.repeat(100);
const MEGABYTE = 1024 * 1024;

const directory = mkdtempSync(join(tmpdir(), 'nest-sessions-ways-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const BIG = randomBytes(2.5 * MEGABYTE).toString('hex');
const file = join(directory, 'big.txt');
writeFileSync(file, BIG);

/** A source of so many bytes in chunks of so many, that tells how many it has given. */
export function sourceOf(total: number, size: number, given?: (bytes: number) => void): Readable {
  let left = total;
  return new Readable({
    read() {
      if (left === 0) {
        this.push(null);
        return;
      }
      const bytes = Math.min(size, left);
      left -= bytes;
      given?.(total - left);
      this.push(Buffer.alloc(bytes, 'x'));
    },
  });
}

async function* words(): AsyncGenerator<string> {
  for (const word of ['one ', 'two ', 'three']) {
    yield await Promise.resolve(word);
  }
}

/** Every way that differs in which calls reach the response, and in what order. */
export const WAYS: readonly Way[] = [
  { name: 'send', respond: (res) => res.send(LONG), status: 200, content: LONG },
  {
    name: 'send of little',
    respond: (res) => res.send('ok'),
    status: 200,
    content: 'ok',
    headers: { 'content-length': '2' },
  },
  { name: 'json', respond: (res) => res.json({ LONG }), status: 200, content: JSON.stringify({ LONG }) },
  {
    name: 'redirect',
    respond: (res) => res.redirect('/next'),
    status: 302,
    content: 'Found. Redirecting to /next',
    headers: { location: '/next' },
  },
  { name: 'sendFile of 5 MB', respond: (res) => res.sendFile(file), status: 200, content: BIG },
  {
    name: 'pipeline of 20 MB',
    respond: (res) => pipeline(sourceOf(20 * MEGABYTE, 16_000), res.type('text')).catch(() => undefined),
    status: 200,
    content: 'x'.repeat(20 * MEGABYTE),
  },
  {
    name: 'pipe of small chunks',
    respond: (res) => sourceOf(20_000, 100).pipe(res.type('text')),
    status: 200,
    content: 'x'.repeat(20_000),
  },
  {
    name: 'pipeline of an async generator',
    respond: (res) => pipeline(words(), res).catch(() => undefined),
    status: 200,
    content: 'one two three',
  },
  {
    name: 'flushHeaders, write and end',
    respond(res) {
      res.type('text/event-stream').flushHeaders();
      res.write('data: 1\n\n');
      res.end('data: 2\n\n');
    },
    status: 200,
    content: 'data: 1\n\ndata: 2\n\n',
  },
  {
    name: 'writeHead and end',
    respond: (res) => res.writeHead(201, 'Made', { 'Content-Type': 'text/plain', 'X-Own': '1' }).end(LONG),
    status: 201,
    content: LONG,
    headers: { 'x-own': '1' },
  },
  { name: 'end', respond: (res) => res.end(), status: 200, content: '' },
  { name: 'HEAD', respond: (res) => res.send(LONG), status: 200, method: 'HEAD', content: '' },
  {
    name: '304',
    respond: (res) => res.set('ETag', '"1"').send(LONG),
    status: 304,
    content: '',
    ask: { 'If-None-Match': '"1"' },
  },
  { name: '204', respond: (res) => res.status(204).end(), status: 204, content: '' },
  { name: '404', respond: (res) => res.status(404).send('none'), status: 404, content: 'none' },
];

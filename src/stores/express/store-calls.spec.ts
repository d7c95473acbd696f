import { readFile } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoreCalls } from './store-calls.js';

type Callback = (error: unknown, session?: object | null) => void;

const NOWHERE = join(tmpdir(), 'nest-sessions-nowhere', 'nothing');

/** What a store whose `get` does this is taken to hold. */
function got(get: (callback: Callback) => void): Promise<unknown> {
  return new StoreCalls({
    get: (_id, callback) => get(callback),
    set: () => undefined,
    destroy: () => undefined,
  }).get('an-id');
}

describe('a session', () => {
  it.each<[string, (callback: Callback) => void]>([
    ['whose file is missing', (callback) => readFile(NOWHERE, callback)],
    [
      'that the store says is missing as express-session lets it',
      (callback) => callback(Object.assign(new Error('no session'), { code: 'ENOENT' })),
    ],
    ['whose text is no JSON', (callback) => callback(new SyntaxError('Unexpected token'))],
  ])('%s is none', async (_name, get) => {
    expect(await got(get)).toBeUndefined();
  });

  it.each<[string, (callback: Callback) => void]>([
    ['whose database has no socket any more', (callback) => void connect(NOWHERE).on('error', callback)],
    [
      'whose store needs a program that is missing',
      (callback) => callback(Object.assign(new Error('gone'), { code: 'ENOENT', syscall: 'spawn keys' })),
    ],
  ])('P10 %s is unknown', async (_name, get) => {
    await expect(got(get)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

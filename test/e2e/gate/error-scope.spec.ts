import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { Exchange } from '../../support/exchange.js';
import { type ExpressHandler, expressApp, nodeApp, type SessionApp } from '../../support/session-app.js';
import { sourceOf } from '../../support/ways-to-respond.js';

/** Larger than what the machine's sockets take, so that there is back-pressure. */
const SORRY = 'sorry '.repeat(4_000_000);

let directory: string;
let page: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nest-sessions-'));
  page = join(directory, 'sorry.txt');
  await writeFile(page, SORRY);
});
afterAll(() => rm(directory, { recursive: true }));

const COMPRESSION = [
  ['none', undefined],
  ['above', 'above'],
  ['below', 'below'],
] as const;

/** An application that answers a failed commit with a large page. */
async function sorryApp(
  handler: ExpressHandler,
  compression: 'above' | 'below' | undefined,
): Promise<SessionApp> {
  const app = await expressApp(
    {
      '/'(req, res, next) {
        req.session['n'] = 1;
        return handler(req, res, next);
      },
    },
    { compression, onCommitError: (_error, _req, res) => (res as Response).status(503).sendFile(page) },
  );
  app.store.fail('create');
  return app;
}

async function expectSorry(app: SessionApp): Promise<void> {
  const { status, text, isComplete } = await new Exchange(app.port, '/', {
    headers: { 'accept-encoding': 'gzip' },
  }).answer;
  expect([status, text.length, isComplete]).toEqual([503, SORRY.length, true]);
  expect(text === SORRY).toBe(true);
}

describe.each(COMPRESSION)('P4 a large error response (compression: %s)', (_name, compression) => {
  it('is not mixed with what a piped source still gives', async () => {
    await expectSorry(
      await sorryApp((_req, res) => sourceOf(50_000_000, 50_000).pipe(res.type('text')), compression),
    );
  });

  it('is not mixed with what a pipeline still gives', async () => {
    await expectSorry(
      await sorryApp(
        (_req, res) => pipeline(sourceOf(50_000_000, 50_000), res.type('text')).catch(() => undefined),
        compression,
      ),
    );
  });

  it.each(['on', 'once'] as const)(
    'is not mixed with what a listener writes: %s("drain")',
    async (listen) => {
      let writes = 0;
      const app = await sorryApp((_req, res) => {
        const write = () => {
          writes++;
          res.write('leak');
        };
        res.type('text')[listen]('drain', write);
        res.write('leak');
      }, compression);
      await expectSorry(app);
      // Above, compression has the listener wait for its own stream, which never was full.
      expect(writes > 0).toBe(compression !== 'above');
    },
  );

  it('is not mixed with what listeners of finish and close write', async () => {
    const closed = deferred('the close');
    const errors: unknown[] = [];
    const app = await sorryApp((_req, res) => {
      res.on('error', (error) => errors.push(error));
      res.on('finish', () => res.write('leak'));
      res.on('close', () => {
        res.end('leak');
        closed.resolve();
      });
      res.send('fine');
    }, compression);
    await expectSorry(app);
    await closed.promise;
    expect(errors).toEqual([]);
  });

  it('leaves the handler its listeners: they are called, and can be taken off', async () => {
    const heard: string[] = [];
    const closed = deferred('the close');
    const app = await sorryApp((_req, res) => {
      const never = () => heard.push('never');
      res.on('finish', never).once('finish', never);
      res.once('finish', () => heard.push('finish'));
      res.on('close', () => closed.resolve());
      res.write('a', () => res.off('finish', never).off('finish', never));
    }, compression);
    await expectSorry(app);
    await closed.promise;
    expect(heard).toEqual(['finish']);
  });
});

describe('P4 a large error response', () => {
  it('is whole although another response has the connection first', async () => {
    const goOn = deferred('a sign');
    const failed = deferred('the failure');
    const app = await expressApp(
      {
        async '/first'(_req, res) {
          await goOn.promise;
          res.send('first');
        },
        '/second'(req, res) {
          req.session['n'] = 1;
          res.send('fine');
        },
      },
      {
        onCommitError(_error, _req, res) {
          (res as Response).status(503).sendFile(page);
          failed.resolve();
        },
      },
    );
    app.store.fail('create');
    const raw = await app.raw();
    raw.get('/first');
    raw.get('/second', 'Connection: close');
    await failed.promise;
    goOn.resolve();
    const received = await raw.closed(10_000);
    expect(received.length).toBeGreaterThan(SORRY.length);
    expect(received.endsWith(SORRY)).toBe(true);
  });

  it('may wait for drains itself', async () => {
    const app = await nodeApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.end();
        },
      },
      {
        async onCommitError(_error, _req, res) {
          for (let i = 0; i < 60; i++) {
            if (!res.write('x'.repeat(1_000_000))) {
              await once(res, 'drain');
            }
          }
          res.end();
        },
      },
    );
    app.store.fail('create');
    const warnings: unknown[] = [];
    const note = (warning: unknown) => warnings.push(warning);
    process.on('warning', note);
    const { text, isComplete } = await new Exchange(app.port, '/').answer;
    process.off('warning', note);
    expect([text.length, isComplete]).toEqual([60_000_000, true]);
    expect(warnings).toEqual([]);
  });
});

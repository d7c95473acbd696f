import { randomBytes } from 'node:crypto';
import type { SessionRecord } from 'nest-sessions';
import { beforeEach, describe, expect, it } from 'vitest';
import { CookieClient, rawRequest } from '../support/http-server.js';
import { nestApp, SECRET, type TestNestApp } from '../support/nest-app.js';
import { plainRequest } from '../support/plain-request.js';
import { idOf, signed, tokenOf } from '../support/tokens.js';

let app: TestNestApp;
let known: CookieClient;
let valid: string;

beforeEach(async () => {
  app = await nestApp({
    scripts: {
      begin: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada', theme: 'dark' } }),
      who: ({ sessions }) => `${sessions.principal} ${sessions.get('user')}`,
      fields: ({ sessions }) =>
        JSON.stringify(
          [sessions.get('user'), sessions.get('theme'), sessions.principal].map((one) => one ?? null),
        ),
      change: ({ sessions }) => void (sessions.fields.theme = `${sessions.get('user') ?? 'light'}`),
      write: ({ sessions }) => sessions.set('theme', 'light'),
    },
  });
  known = app.client();
  await known.read('/begin');
  valid = known.cookies.get('sid') ?? '';
  app.store.calls.length = 0;
});

/** What somebody with this Cookie header is: status and who. */
async function who(cookie: string, path = '/who'): Promise<string> {
  const { status, text } = await plainRequest(app.url + path, {
    headers: { cookie: Buffer.from(cookie).toString('latin1') },
  });
  return `${status} ${text}`;
}

const ANONYMOUS = '200 undefined undefined';
const ADA = '200 ada Ada';

const another = () => signed(randomBytes(32).toString('base64url'), SECRET);

const FORGED: [string, (cookie: string) => string][] = [
  ['unsigned', (cookie) => decodeURIComponent(cookie).slice(2, 45)],
  ['without signature', (cookie) => cookie.split('.')[0] ?? ''],
  ['with an empty signature', (cookie) => `${cookie.split('.')[0]}.`],
  ['without the prefix', (cookie) => cookie.slice('s%3A'.length)],
  ['with another prefix', (cookie) => cookie.replace('s%3A', 'j%3A')],
  [
    'with another token',
    (cookie) => cookie.replace(/^s%3A./, (start) => (start.endsWith('A') ? 's%3AB' : 's%3AA')),
  ],
  ['with another signature', (cookie) => cookie.replace(/\.(.)/, (start) => (start === '.A' ? '.B' : '.A'))],
  [
    'signed with another secret',
    (cookie) => signed(decodeURIComponent(cookie).slice(2, 45), `not ${SECRET}`),
  ],
  ['well signed but too short', () => signed('A'.repeat(42), SECRET)],
  ['well signed but too long', () => signed('A'.repeat(44), SECRET)],
  ['well signed but not base64url', () => signed(`${'A'.repeat(42)}!`, SECRET)],
  ['well signed but of no 32 bytes', () => signed(`${'A'.repeat(42)}B`, SECRET)],
  ['well signed and empty', () => signed('', SECRET)],
  ['well signed and of another alphabet', () => signed('+/'.repeat(21).concat('A'), SECRET)],
  [
    'of a signature in another alphabet',
    (cookie) => cookie.replaceAll('%2F', '_').replaceAll('%2B', '-').replace(/.$/, '_'),
  ],
  ['empty', () => ''],
  ['16 KB long', () => 'A'.repeat(14 * 1024)],
  ['well signed and long', () => signed('A'.repeat(4 * 1024), SECRET)],
  ['200 of our name', () => Array.from({ length: 200 }, (_, i) => `s%3A${i}`).join('; sid=')],
  ['with NUL as a percent sign has it', (cookie) => `${cookie}%00`],
  ['with Unicode', () => 's%3A\u{1F36A}é.ü'],
  ['with percent signs that say nothing', () => '%E0%A4%A'],
  ['twice percent-encoded', (cookie) => encodeURIComponent(cookie)],
  ['a JSON cookie', () => 'j%3A%7B%22id%22%3A1%7D'],
  ['__proto__', () => '__proto__'],
];

describe('P8 a cookie that is', () => {
  it.each(FORGED)('%s is anonymous, without a store call', async (_name, forge) => {
    const cookie = `sid=${forge(valid)}`;
    expect(await who(cookie)).toBe(ANONYMOUS);
    expect(app.store.calls).toEqual([]);
    expect(app.log.errors).toEqual([]);
  });

  it.each(FORGED)('%s is never adopted: what is stored gets a new token', async (_name, forge) => {
    const visitor = new CookieClient(app.url);
    visitor.cookies.set('sid', Buffer.from(forge(valid)).toString('latin1'));
    expect((await visitor.read('/write')).status).toBe(200);
    expect(tokenOf(visitor)).not.toBe(tokenOf(known));
    expect(app.store.calls).toEqual(['create']);
    expect(await who(`sid=${valid}`)).toBe(ADA);
  });

  it.each(FORGED)('%s does not keep a valid one beside it from being taken', async (_name, forge) => {
    const forged = forge(valid);
    expect(await who(`sid=${forged}; sid=${valid}`)).toBe(ADA);
    expect(await who(`other=1; sid=${valid}; sid=${forged}`)).toBe(ADA);
    expect(app.store.calls).toEqual(['read', 'read']);
  });
});

describe('several cookies of our name', () => {
  it('that are the same count as one', async () => {
    expect(await who(`sid=${valid}; sid=${valid}`)).toBe(ADA);
  });

  it('that are quoted, spaced or named alike are told apart', async () => {
    expect(await who(`sid="${valid}"`)).toBe(ADA);
    expect(await who(`  sid = ${valid} ;`)).toBe(ADA);
    expect(await who(`xsid=${valid}; sidx=${valid}; SID=${valid}`)).toBe(ANONYMOUS);
  });

  it('of which two verify and differ are none, in either order', async () => {
    expect(await who(`sid=${valid}; sid=${another()}`)).toBe(ANONYMOUS);
    expect(await who(`sid=${another()}; sid=${valid}`)).toBe(ANONYMOUS);
    expect(app.store.calls).toEqual([]);
  });
});

describe('a header that Node itself refuses', () => {
  it('a raw NUL is a 400 and no store call', async () => {
    const answer = await rawRequest(
      Number(new URL(app.url).port),
      `GET /who HTTP/1.1\r\nHost: test\r\nCookie: sid=${valid}\0\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    expect(app.store.calls).toEqual([]);
  });
});

describe('P8 a token that is well signed', () => {
  it('but unknown is anonymous, and never adopted', async () => {
    const visitor = new CookieClient(app.url);
    const token = randomBytes(32).toString('base64url');
    visitor.cookies.set('sid', signed(token, SECRET));
    expect((await visitor.read('/who')).text).toBe('undefined undefined');
    expect(tokenOf(visitor)).toBe(token);
    await visitor.read('/write');
    expect(tokenOf(visitor)).not.toBe(token);
    expect(await app.store.inner.read(idOf(token))).toBeUndefined();
  });

  it('but expired is anonymous, and never adopted', async () => {
    await damage((record) => ({ ...record, lastSeenAt: 0, absoluteAt: 1 }));
    expect(await who(`sid=${valid}`)).toBe(ANONYMOUS);
    const visitor = new CookieClient(app.url);
    visitor.cookies.set('sid', valid);
    await visitor.read('/write');
    expect(tokenOf(visitor)).not.toBe(tokenOf(known));
  });
});

/** Puts another record in the place of the stored one. */
async function damage(change: (record: SessionRecord) => SessionRecord): Promise<void> {
  const id = idOf(tokenOf(known));
  const record = (await app.store.inner.read(id)) as SessionRecord;
  await app.store.inner.remove(id);
  await app.store.inner.create(id, change(record));
}

describe('P8 a record whose', () => {
  it.each<[string, (record: SessionRecord) => Partial<SessionRecord>]>([
    ['text is no JSON', () => ({ fields: '{"user":', lengths: [] })],
    ['text is empty', () => ({ fields: '', lengths: [] })],
    ['text is an array', () => ({ fields: '["user"]', lengths: [] })],
    ['text is null', () => ({ fields: 'null', lengths: [] })],
    ['text is a text', () => ({ fields: '"user"', lengths: [] })],
    ['text is no JSON with lengths that fit', () => ({ fields: '{"user":xx}', lengths: [6, 2] })],
  ])('%s is anonymous, and gets a new token when something is stored', async (_name, change) => {
    await damage((record) => ({ ...record, ...change(record) }));
    expect(await known.read('/fields')).toEqual({ status: 200, text: '[null,null,null]' });
    const before = tokenOf(known);
    expect((await known.read('/change')).status).toBe(200);
    expect(tokenOf(known)).not.toBe(before);
    expect(await app.store.inner.read(idOf(tokenOf(known)))).toMatchObject({ fields: '{"theme":"light"}' });
    expect(app.log.errors).toEqual([]);
  });

  it.each<[string, (record: SessionRecord) => Partial<SessionRecord>]>([
    ['are missing', () => ({ lengths: [] })],
    ['are odd', ({ lengths }) => ({ lengths: lengths.slice(1) })],
    ['are too large', ({ lengths }) => ({ lengths: lengths.map((length) => length + 1_000) })],
    ['are negative', ({ lengths }) => ({ lengths: lengths.map((length) => -length) })],
    ['are no numbers', ({ lengths }) => ({ lengths: lengths.map(() => Number.NaN) })],
    ['fit by accident', () => ({ fields: '{"user":"Ada","theme":"dark"}', lengths: [6, 20] })],
  ])('lengths %s is read whole', async (_name, change) => {
    await damage((record) => ({ ...record, ...change(record) }));
    expect(await who(`sid=${valid}`)).toBe(ADA);
    expect(await who(`sid=${valid}`, '/write')).toMatch(/^200/);
    expect(await who(`sid=${valid}`)).toBe(ADA);
  });

  it('meta is no JSON is valid without it', async () => {
    await damage((record) => ({ ...record, meta: '{' }));
    expect(await who(`sid=${valid}`)).toBe(ADA);
  });

  it('layout is a newer one is trouble of the store, not anonymous: nothing is overwritten', async () => {
    await damage((record) => ({ ...record, format: 99 }));
    expect(await who(`sid=${valid}`)).toMatch(/^503 .*session_unavailable/);
    expect(await who(`sid=${valid}`, '/write')).toMatch(/^503/);
  });

  it.each([{}, { fields: 5 }, 'record', 7, []])('is %j is trouble of the store', async (answer) => {
    app.store.answer('read', answer);
    expect(await who(`sid=${valid}`)).toMatch(/^503 .*session_unavailable/);
  });
});

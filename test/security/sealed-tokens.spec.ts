import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { Token } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { beforeEach, describe, expect, it } from 'vitest';
import { headerOf, keyOf, madeSeal, openedSeal, sealOf, WatchedSeal } from '../e2e/sealed/watched-seal.js';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, SECRET, type TestNestApp } from '../support/nest-app.js';
import { plainRequest } from '../support/plain-request.js';

let app: TestNestApp;
let seal: WatchedSeal;
let known: CookieClient;
let valid: string;

const SCRIPTS: Parameters<typeof nestApp>[0] = {
  scripts: {
    begin: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
    who: ({ sessions }) => `${sessions.principal} ${sessions.get('user')}`,
    write: ({ sessions }) => sessions.set('theme', 'light'),
  },
};

beforeEach(async () => {
  seal = new WatchedSeal();
  app = await nestApp({ ...SCRIPTS, options: { store: seal } });
  known = app.client();
  await known.read('/begin');
  valid = sealOf(known);
  seal.calls.length = 0;
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
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same text with one bit of one character's value changed. */
function flipped(text: string, at: number, bit: number): string {
  const value = BASE64URL.indexOf(text[at] ?? '') ^ (1 << bit);
  return text.slice(0, at) + (BASE64URL[value] ?? '') + text.slice(at + 1);
}

const parts = () => valid.split('.');
const content = () => openedSeal(valid, SECRET);
const key = () => keyOf(SECRET);
const header = () => headerOf(SECRET);

/** The valid token with one of its five parts made another. */
const withPart = (index: number, make: (part: string) => string) => () =>
  parts()
    .map((part, i) => (i === index ? make(part) : part))
    .join('.');

const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('P8 a sealed session', () => {
  it('is known as it is, and when made by RFC 7516 with the right key', async () => {
    expect(await who(`sid=${valid}`)).toBe(ADA);
    expect(await who(`sid=${madeSeal(content(), header(), key())}`)).toBe(ADA);
  });

  it('is unknown with any bit of any part flipped', async () => {
    const [head = '', , iv = '', text = '', tag = ''] = parts();
    const offsets = [0, head.length + 2, head.length + 2 + iv.length + 1, valid.length - tag.length];
    const ends = [head.length, offsets[1]! + iv.length, offsets[2]! + text.length, valid.length];
    for (const [i, offset] of offsets.entries()) {
      for (const at of [offset, (offset + (ends[i] ?? 0)) >> 1, (ends[i] ?? 0) - 1]) {
        for (let bit = 0; bit < 6; bit++) {
          expect([at, bit, await who(`sid=${flipped(valid, at, bit)}`)]).toEqual([at, bit, ANONYMOUS]);
        }
      }
    }
  });

  it('is unknown with the parts of two valid ones mixed', async () => {
    await known.read('/write');
    const other = sealOf(known).split('.');
    for (const index of [2, 3, 4]) {
      expect(await who(`sid=${withPart(index, () => other[index] ?? '')()}`)).toBe(ANONYMOUS);
    }
  });

  const FORGED: [string, () => string][] = [
    ['with two parts swapped', () => [...parts().slice(0, 2), parts()[3], parts()[2], parts()[4]].join('.')],
    ['without a tag', withPart(4, () => '')],
    ['with a shorter tag', withPart(4, (tag) => tag.slice(0, 16))],
    ['without a nonce', withPart(2, () => '')],
    ['without content', withPart(3, () => '')],
    ['with an encrypted key', withPart(1, () => 'AAAA')],
    ['with a sixth part', () => `${valid}.AAAA`],
    ['truncated', () => valid.slice(0, -1)],
    ['truncated to half', () => valid.slice(0, valid.length / 2)],
    ['its header alone', () => parts()[0] ?? ''],
    ['with something behind it', () => `${valid}=`],
    ['in quotes', () => `"${valid}"`],
    ['percent-encoded', () => valid.replaceAll('.', '%2E')],
    ['with alg none', withPart(0, () => encoded({ ...header(), alg: 'none' }))],
    ['as an unsecured JWT', () => `${encoded({ alg: 'none' })}.${encoded({ user: 'eve' })}.`],
    [
      'as a JWS signed with the secret',
      () => `${encoded({ alg: 'HS256' })}.${encoded({ user: 'eve' })}.AAAA`,
    ],
    ['with another enc', () => madeSeal(content(), { ...header(), enc: 'A128GCM' }, key())],
    ['with another alg', () => madeSeal(content(), { ...header(), alg: 'A256GCMKW' }, key())],
    ['with zip', () => madeSeal(deflateRawSync(content()), { ...header(), zip: 'DEF' }, key())],
    ['with a critical parameter', () => madeSeal(content(), { ...header(), crit: ['exp'], exp: 1 }, key())],
    ['with one parameter more', () => madeSeal(content(), { ...header(), p2c: 1e9 }, key())],
    [
      'with its header written otherwise',
      () => madeSeal(content(), { kid: header()['kid'], ...header() }, key()),
    ],
    ['without kid', () => madeSeal(content(), { alg: 'dir', enc: 'A256GCM' }, key())],
    ['with another kid', () => madeSeal(content(), { ...header(), kid: 'AAAAAAAA' }, key())],
    ['sealed with the secret itself', () => madeSeal(content(), header(), Buffer.from(SECRET))],
    ['sealed with another secret', () => madeSeal(content(), header(), keyOf(`not ${SECRET}`))],
    [
      'sealed for another cookie',
      () => madeSeal(content(), headerOf(SECRET, 'other'), keyOf(SECRET, 'other')),
    ],
    [
      'sealed for another cookie, under the name of ours',
      () => madeSeal(content(), header(), keyOf(SECRET, 'other')),
    ],
    ['with no session in it', () => madeSeal('{"user":"eve"}', header(), key())],
    ['with an empty one', () => madeSeal('', header(), key())],
    ['with a list that is none', () => madeSeal('[1,\n\n{}', header(), key())],
    ['with times that are none', () => madeSeal('[1,"id","a","b","c","d"]\n\n{}', header(), key())],
    ['with fields that are none', () => madeSeal(content().replace(/\n[^\n]*$/, '\n[1]'), header(), key())],
    ['with lines missing', () => madeSeal(content().split('\n')[0] ?? '', header(), key())],
    ['with bytes that are no text', () => madeSeal(randomBytes(100), header(), key())],
    ['of 8 KB', () => 'A'.repeat(8 * 1024)],
    ['of 8 KB that begins like ours', () => `${parts()[0]}..${'A'.repeat(8 * 1024)}`],
    ['of 8 KB and well sealed', () => madeSeal(content().replace('Ada', 'A'.repeat(6_000)), header(), key())],
    ['empty', () => ''],
    ['a token of a store', () => `s%3A${'A'.repeat(43)}.${'A'.repeat(43)}`],
    ['with Unicode', () => `${valid}\u{1F36A}`],
  ];

  it.each(FORGED)('is an anonymous request when it is %s, and nothing is adopted', async (_how, make) => {
    const forged = make();
    expect(await who(`sid=${forged}`)).toBe(ANONYMOUS);
    const { status, headers } = await plainRequest(`${app.url}/write`, {
      headers: { cookie: Buffer.from(`sid=${forged}`).toString('latin1') },
    });
    expect(status).toBe(200);
    expect(String(headers['set-cookie'])).not.toContain(`sid=${forged};`);
    expect(app.log.errors).toEqual([]);
  });

  it('is unknown under another name', async () => {
    expect(await who(`other=${valid}`)).toBe(ANONYMOUS);
    expect(await who(`sid2=${valid}; xsid=${valid}`)).toBe(ANONYMOUS);
    expect(seal.calls).toEqual([]);
  });

  it('is bound to the name of its cookie by its key, whatever its header says', async () => {
    const sealer = new SealedCookieStore().sealer([SECRET], 'other');
    const made = (name: string) => madeSeal('text', headerOf(SECRET, 'other'), keyOf(SECRET, name)) as Token;
    expect(await sealer.unseal(made('other'))).toBe('text');
    expect(await sealer.unseal(made('sid'))).toBeUndefined();
  });

  it('of a newer version of this package is a 503, so that a rolling deploy logs nobody out', async () => {
    const newer = madeSeal(content().replace('[1,', '[2,'), header(), key());
    expect(await who(`sid=${newer}`)).toMatch(/^503 /);
  });
});

describe('rubbish is cheap', () => {
  it.each<[string, () => string]>([
    ['8 KB', () => 'A'.repeat(8 * 1024)],
    ['8 KB that begin like ours', () => `${parts()[0]}..${'A'.repeat(8 * 1024)}`],
    ['a good form but not canonical', () => `${valid.slice(0, -1)}B`],
    ['another kid', () => madeSeal(content(), { ...header(), kid: 'AAAAAAAA' }, key())],
    ['another enc', () => madeSeal(content(), { ...header(), enc: 'A128GCM' }, key())],
    [
      '5 000 characters of good form',
      () => `${parts()[0]}..${'A'.repeat(16)}.${'A'.repeat(5_000)}.${'A'.repeat(22)}`,
    ],
  ])('%s costs no cryptography', async (_what, make) => {
    const token = make();
    seal.calls.length = 0;
    expect(await who(`sid=${token}`)).toBe(ANONYMOUS);
    expect(seal.calls).toEqual([]);
  });

  it('50 cookies of our name are not all opened', async () => {
    const [start] = parts();
    const forged = () => `${start}..${randomBytes(12).toString('base64url')}.AAAA.${'A'.repeat(22)}`;
    const many = Array.from({ length: 50 }, () => `sid=${forged()}`).join('; ');
    expect(await who(many)).toBe(ANONYMOUS);
    expect(seal.calls).toEqual(Array.from({ length: 4 }, () => 'unseal'));
  });
});

describe('several cookies of our name', () => {
  it('count as the one that opens, wherever it stands', async () => {
    const forged = flipped(valid, valid.length - 2, 3);
    for (const cookie of [
      `sid=rubbish; sid=${valid}`,
      `sid=${valid}; sid=${forged}`,
      `sid=${forged}; sid=${valid}`,
    ]) {
      expect(await who(cookie)).toBe(ADA);
    }
    expect(await who(`sid=${valid}; sid=${valid}`)).toBe(ADA);
  });

  it('keep the one that opened while nothing changes, and it is replaced by what does', async () => {
    const forged = flipped(valid, valid.length - 2, 3);
    const headers = { cookie: `sid=${forged}; sid=${valid}` };
    expect((await plainRequest(`${app.url}/who`, { headers })).headers['set-cookie']).toBeUndefined();
    expect((await plainRequest(`${app.url}/write`, { headers })).headers['set-cookie']).toHaveLength(1);
  });

  it('count as none when two different ones open: one of them was put there by somebody else', async () => {
    const eve = app.client();
    await eve.read('/begin');
    expect(await who(`sid=${valid}; sid=${sealOf(eve)}`)).toBe(ANONYMOUS);
  });
});

describe('P7 nothing tells a token or what is in it', () => {
  it('no error, no log, no header', async () => {
    const { headers, text } = await plainRequest(`${app.url}/write`, {
      headers: { cookie: `sid=${flipped(valid, valid.length - 2, 3)}` },
    });
    expect(`${JSON.stringify(headers)} ${text}`).not.toContain(valid.slice(-20));
    expect(JSON.stringify([app.log.errors, app.log.warnings])).not.toContain(valid.slice(-20));
  });
});

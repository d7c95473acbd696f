import { describe, expect, it } from 'vitest';
import { isOwnPage } from './own-page.js';

describe('a page of this application', () => {
  it.each([
    '/',
    '/admin',
    '/admin/',
    '/orders?state=open&page=2',
    '/?',
    '/gr%C3%B6%C3%9Fe?q=%E2%82%AC',
    '/search?q=a%0D%0Ab',
    '/search?q=https://example.com/%5Cx',
    '/proxy/https://example.com/',
    '/a//b',
    '/a/../b',
    '/100%',
    '/%zz',
    "/a;v=1,2/(b)'!*~@evil.example:80[1]{2}|^`",
    '/javascript:alert(1)',
    `/${'a'.repeat(2_047)}`,
  ])('is %s', (page) => {
    expect(isOwnPage(page)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['no text', undefined],
    ['a list', ['/admin']],
    ['a page without its slash', 'admin'],
    ['another address', 'https://evil.example'],
    ['another address in capitals', 'HTTPS://evil.example/'],
    ['another scheme', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['an address of the same scheme', 'https:evil.example'],
    ['a host', '//evil.example'],
    ['a host behind more slashes', '///evil.example'],
    ['a host behind a backslash', '/\\evil.example'],
    ['a host behind two backslashes', '\\\\evil.example'],
    ['a backslash', '/a\\b'],
    ['a host, encoded', '/%2Fevil.example'],
    ['a host, encoded, that dot segments hide', '/%2Fevil.example/../../admin'],
    ['a host that cannot be', '//['],
    ['a host behind a backslash, encoded', '/%5cevil.example'],
    ['a host, encoded twice', '/%252fevil.example'],
    ['a host, encoded three times', '/%25252Fevil.example'],
    ['a host behind dot segments', '/..//evil.example'],
    ['a host behind a folder that is left', '/a/..//evil.example'],
    ['a host behind encoded dot segments', '/%2e%2E//evil.example'],
    ['an encoded host behind dot segments', '/./%2fevil.example'],
    ['a tab that browsers drop', '/\t/evil.example'],
    ['a line feed that browsers drop', '/\n/evil.example'],
    ['spaces before', ' /admin'],
    ['a space in it', '/ad min'],
    ['a second header', '/admin\r\nSet-Cookie: sid=1'],
    ['a second header, encoded', '/admin%0d%0aSet-Cookie:%20sid=1'],
    ['a NUL', '/\0'],
    ['an encoded NUL', '/admin%00'],
    ['a DEL', '/\x7f'],
    ['an encoded DEL', '/admin%7F'],
    ['a fragment', '/admin#top'],
    ['letters that are not encoded', '/größe'],
    ['a line separator', '/\u2028'],
    ['half a character', '/\ud800'],
    ['a page that is too long', `/${'a'.repeat(2_048)}`],
  ])('is not %s', (_what, text) => {
    expect(isOwnPage(text)).toBe(false);
  });

  it('leads nowhere else, however its first characters are put together', () => {
    const parts = ['/', '\\', '.', ':', '@', 'a', '%2f', '%5C', '%2e', '%252f'];
    let texts = ['/'];
    for (let length = 0; length < 4; length++) {
      texts = texts.flatMap((text) => parts.map((part) => text + part));
      const pages = texts.filter((text) => isOwnPage(text));
      expect(pages).not.toEqual([]);
      // As a browser reads it, and behind a proxy that decodes it and leaves its dot segments out.
      const elsewhere = pages.filter((page) => {
        const { pathname } = new URL(page, 'http://own.invalid');
        return [page, decodeURIComponent(page), pathname, decodeURIComponent(pathname)].some(
          (one) => new URL(one, 'http://own.invalid').origin !== 'http://own.invalid',
        );
      });
      expect(elsewhere).toEqual([]);
    }
  });
});

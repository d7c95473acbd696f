/** Longest page that is remembered, in characters: its cookie stays well within the 4096 bytes that browsers keep. */
const LONGEST_PAGE = 2_048;

/** Path and query as browsers write them (RFC 3986): printable ASCII, no fragment, and no backslash, which they read as `/`. */
const PATH_AND_QUERY = /^\/[\x21\x22\x24-\x5b\x5d-\x7e]*$/;
/** `//` leads to another host; encoded, however often, and as a backslash, it does behind whoever decodes it. */
const TO_ANOTHER_HOST = /^\/(?:\/|%(?:25)*(?:2f|5c))/i;
/** In a path they end a line behind whoever decodes it; in a query they are what somebody typed into a form. */
const CONTROL_CHARACTER = /^[^?]*%(?:[01][\da-f]|7f)/i;
/** Stands for whatever host this is. */
const HERE = 'http://own.invalid';

/**
 * Whether a text is a page of this application: path and query, nothing that any reader of a Location header takes for another
 * place (OWASP ASVS 5.0, 3.7.2; CWE-601).
 */
export function isOwnPage(text: unknown): text is string {
  if (typeof text !== 'string' || text.length > LONGEST_PAGE || !PATH_AND_QUERY.test(text)) {
    return false;
  }
  if (TO_ANOTHER_HOST.test(text) || CONTROL_CHARACTER.test(text)) {
    return false;
  }
  // Without its dot segments `/..//evil.example` is `//evil.example`.
  return !TO_ANOTHER_HOST.test(new URL(text, HERE).pathname);
}

import { RESERVED } from './session-data.js';

/**
 * An error of a foreign store without what it may hold: the id, which is the client's token here, and the session. Its
 * message is kept as far as it tells neither; statements, parameters and paths, which some drivers add, are not.
 */
export function storeError(error: unknown, id?: string): Error {
  const { message, code, name } = partsOf(error);
  const safe = new Error(withoutId(withoutContents(message), id));
  safe.name = withoutId(name, id);
  return code === undefined ? safe : Object.assign(safe, { code });
}

interface Parts {
  readonly message: string;
  readonly name: string;
  readonly code: string | number | undefined;
}

function partsOf(error: unknown): Parts {
  const { message, name, code }: { message?: unknown; name?: unknown; code?: unknown } = Object(error);
  return {
    message: typeof message === 'string' ? message : 'It answered an error that is none.',
    name: typeof name === 'string' ? name : 'Error',
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
  };
}

/** Some print the whole session before the reason: connect-mongodb-session does. Our own part shows where it is. */
function withoutContents(message: string): string {
  if (!message.includes(RESERVED)) {
    return message;
  }
  const end = message.lastIndexOf('}: ');
  return end === -1 ? 'Its message held the session and is not shown.' : message.slice(end + '}: '.length);
}

function withoutId(text: string, id: string | undefined): string {
  return id === undefined || id === '' ? text : text.replaceAll(id, '…');
}

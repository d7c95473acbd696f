import { open } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** What an LMDB file has in its first page, in the byte order of the machine that made it. */
const MAGIC = Buffer.from([0xde, 0xc0, 0xef, 0xbe]);
const MAGIC_REVERSED = Buffer.from(MAGIC).reverse();
const HEADER = 64;

/** Whether the path names the database's file and not its directory: it has an extension. */
export function namesFile(path: string): boolean {
  return extname(path) !== '';
}

/**
 * Looks at the file before LMDB does, which maps what it finds and crashes the process if that is something else.
 *
 * @throws Error when there is a file and it is no LMDB database.
 */
export async function assertDatabaseFile(path: string): Promise<void> {
  const header = await readHeader(namesFile(path) ? path : join(path, 'data.mdb'));
  if (
    header !== undefined &&
    header.length > 0 &&
    !header.includes(MAGIC) &&
    !header.includes(MAGIC_REVERSED)
  ) {
    throw new Error('The file that is there is no LMDB database.');
  }
}

/** None when there is no such file, or when it cannot be read: then LMDB's own error says more. */
async function readHeader(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER), 0, HEADER, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

import { readFileSync } from 'node:fs';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whom a server runs as; empty means: as ourselves. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** Some servers refuse to run as root, so root starts them as the user that their package has made, or nobody. */
export function serverIdentity(user: string): Identity {
  if (process.getuid?.() !== 0) {
    return {};
  }
  for (const name of [user, 'nobody']) {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${name}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) {
      return { uid: Number(uid), gid: Number(gid) };
    }
  }
  throw new Error(`We are root, ${user} does not run as root, and there is no user ${user} or nobody.`);
}

/** A new directory that belongs to it. */
export async function emptyDirectory(name: string, { uid, gid }: Identity): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `nest-sessions-${name}-`));
  if (uid !== undefined && gid !== undefined) {
    await chown(directory, uid, gid);
  }
  return directory;
}

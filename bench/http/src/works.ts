/** What a request does with its session. */
export type Work = 'read' | 'write' | 'unused' | 'login';

export const WORKS: readonly Work[] = ['read', 'write', 'unused', 'login'];

/** As people call it. */
export const WORK_TITLES: Readonly<Record<Work, string>> = {
  read: 'read one field',
  write: 'write one field',
  unused: 'session not used',
  login: 'login + logout',
};

/** `1 KB`, as tables have it. */
export function sizeTitle(bytes: number): string {
  return `${bytes / 1_000} KB`;
}

/** What a request's time is spent on, in the order of the table. */
export const PARTS = [
  'nest-sessions: the edge',
  'nest-sessions: the session',
  'nest-sessions: the store',
  'express-session and its stores',
  "the store's driver",
  'promises and async_hooks',
  'garbage collection',
  'writes to sockets',
  "Node's HTTP, streams and timers",
  'Express, Nest and other packages',
  'other',
] as const;

export type Part = (typeof PARTS)[number];

const BY_URL: readonly (readonly [RegExp, Part])[] = [
  [/node_modules\/(express-session|connect-)/, 'express-session and its stores'],
  [/node_modules\/(@?redis|mongodb|bson|pg)\b/, "the store's driver"],
  [/node_modules\//, 'Express, Nest and other packages'],
  [
    /^node:(internal\/)?(async_hooks|async_local_storage|process\/(promises|task_queues))/,
    'promises and async_hooks',
  ],
  [/^node:/, "Node's HTTP, streams and timers"],
  [/\/dist\/esm\/core\//, 'nest-sessions: the session'],
  [/\/dist\/esm\/stores\//, 'nest-sessions: the store'],
  [/\/dist\/esm\//, 'nest-sessions: the edge'],
];

/** What V8 and Node do in C++ has a name and no file. */
const BY_NAME: Readonly<Record<string, Part>> = {
  '(garbage collector)': 'garbage collection',
  runMicrotasks: 'promises and async_hooks',
  writev: 'writes to sockets',
  writeBuffer: 'writes to sockets',
  writeLatin1String: 'writes to sockets',
  writeUtf8String: 'writes to sockets',
};

/** Which part a function belongs to; undefined for being idle. */
export function partOf({ functionName, url }: { functionName: string; url: string }): Part | undefined {
  if (functionName === '(idle)') {
    return undefined;
  }
  return BY_URL.find(([pattern]) => pattern.test(url))?.[1] ?? BY_NAME[functionName] ?? 'other';
}

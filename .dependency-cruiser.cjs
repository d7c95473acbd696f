/**
 * The rooms of the house (docs/architecture.md) and who may import whom. `import type` counts as an import.
 * `tools/check-import-rules.mjs` runs these rules and proves that each of them can fail.
 *
 * From the ground up: core < options, stores, events < http < services, guards, decorators < the module < index.
 */

/** The types of the application's fields, which the public names of every room above http are typed by. */
const fieldTypes = '^src/(session-data|session-fields|express-session\\.augmentation)\\.ts$';

/** What a server runs on when it names no store, and what makes a store of one that was made for express-session. */
const knownStores = ['^src/stores/memory/memory\\.store\\.ts$', '^src/stores/express/'];

const belowServices = ['^src/core/', '^src/options/', '^src/events/', '^src/http/', fieldTypes];
const nest = ['@nestjs/common', '@nestjs/core', 'rxjs'];

/** What a room may import of the house beside itself, and which packages. Node's built-ins are free for all. */
const rooms = {
  core: { house: [], packages: ['ms'] },
  options: { house: ['^src/core/'], packages: ['express-session', 'ms'] },
  events: { house: ['^src/core/'], packages: [] },
  http: {
    house: ['^src/core/', '^src/options/', '^src/events/', ...knownStores],
    packages: [
      '@nestjs/common',
      '@nestjs/core',
      'cookie',
      'cookie-signature',
      'express-session',
      'path-to-regexp',
    ],
  },
  services: { house: belowServices, packages: nest },
  guards: { house: [...belowServices, '^src/services/', '^src/decorators/'], packages: nest },
  decorators: { house: [...belowServices, '^src/services/', '^src/guards/'], packages: nest },
  testing: { house: ['^src/core/'], packages: [] },
};

/** The driver of each store, which nothing else may touch. */
const drivers = {
  memory: [],
  lmdb: ['lmdb'],
  redis: ['redis', '@redis/client', 'ioredis'],
  mongo: ['mongodb', 'mongoose'],
  postgres: ['pg'],
  express: ['express-session'],
  cookie: ['jose'],
};

/** Drivers that are optional peers: they must not be reached from the main entry. */
const optionalDrivers = Object.entries(drivers).flatMap(([store, names]) =>
  store === 'express' ? [] : names,
);

// Unit specs sit beside their source and may import what they need; they are not shipped.
const spec = '\\.spec\\.ts$';
const entries = '^src/(index|testing/index|stores/[^/]+/index)\\.ts$';

const escape = (name) => name.replace(/[/.-]/g, '\\$&');
const anyOf = (names) => `(${names.map(escape).join('|')})`;
const inPackage = (names) => `node_modules/(@types/)?${anyOf(names)}/`;

function only(name, path, house, packages) {
  const allowed = [path, ...house];
  if (packages.length > 0) allowed.push(inPackage(packages));
  return {
    name,
    severity: 'error',
    comment: `Beside itself ${path} may import ${[...house, ...packages].join(', ') || 'nothing'}.`,
    from: { path, pathNot: spec },
    to: { pathNot: allowed, dependencyTypesNot: ['core'] },
  };
}

module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([room, may]) =>
      only(`room-${room}`, `^src/${room}/`, may.house, may.packages),
    ),
    ...Object.entries(drivers).map(([store, names]) =>
      only(`store-${store}`, `^src/stores/${store}/`, ['^src/core/'], names),
    ),
    only('field-types', fieldTypes, [], ['express-session']),
    {
      name: 'store-unknown',
      severity: 'error',
      comment: 'A new store is entered above, with its driver.',
      from: {},
      to: { path: '^src/stores/', pathNot: `^src/stores/${anyOf(Object.keys(drivers))}/` },
    },
    {
      name: 'room-unknown',
      severity: 'error',
      comment: 'A new room is entered above, with what it may import.',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: `^src/${anyOf([...Object.keys(rooms), 'stores'])}/` },
    },
    {
      name: 'nobody-imports-an-entry',
      severity: 'error',
      comment: 'An entry lists public names; the house itself imports the modules behind them.',
      from: { path: '^src/', pathNot: spec },
      to: { path: ['^src/index\\.ts$', '^src/testing/index\\.ts$'] },
    },
    {
      name: 'testing-is-not-shipped-with-the-rest',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/testing/', spec] },
      to: { path: '^src/testing/' },
    },
    {
      name: 'drivers-only-in-their-store',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/stores/', spec] },
      to: { path: inPackage(optionalDrivers) },
    },
    {
      name: 'main-entry-reaches-no-driver',
      severity: 'error',
      comment: 'Optional drivers live behind an entry point of their own, such as nest-sessions/lmdb.',
      from: { path: '^src/index\\.ts$' },
      to: { path: inPackage(optionalDrivers), reachable: true },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      comment: 'What is shipped imports dependencies and peers, nothing that is only there for development.',
      from: { path: '^src/', pathNot: spec },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer'],
      },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Every module is reached from an entry point.',
      from: { path: entries },
      to: { path: '^src/', pathNot: [entries, spec], reachable: false },
    },
    {
      name: 'no-shipped-specs',
      severity: 'error',
      from: { path: '^src/', pathNot: spec },
      to: { path: spec },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};

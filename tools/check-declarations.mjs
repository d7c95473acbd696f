// What a user's compiler meets: follows the imports of each entry's emitted declarations (dist must be built) and fails
// - when one of them names a package that an install of ours does not bring along, above all an optional driver,
// - when a named package has no types of its own and we do not depend on its @types.
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

/** The entries that may name an optional peer: the store's own. */
const driverOf = { './lmdb': 'lmdb' };

const root = resolve(process.argv[2] ?? '.');
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const manifest = readJson(join(root, 'package.json'));
const dependencies = Object.keys(manifest.dependencies ?? {});
const peers = Object.keys(manifest.peerDependencies ?? {});
const requiredPeers = peers.filter((name) => !manifest.peerDependenciesMeta?.[name]?.optional);

const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** The types a compiler takes for an import come with the package itself, or from an @types that we depend on. */
function bringsTypes(specifier, file) {
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
  const { resolvedModule } = ts.resolveModuleName(specifier, file, options, ts.sys);
  if (!resolvedModule?.extension.startsWith('.d.')) return false;
  const from = resolvedModule.packageId?.name ?? packageOf(specifier);
  return !from.startsWith('@types/') || dependencies.includes(from);
}

/** Every package named by the declarations that can be reached from `entry`, each with the file that names it. */
function packagesNamedFrom(entry) {
  const named = [];
  const seen = new Set();
  const queue = [entry];
  for (const file of queue) {
    if (seen.has(file)) continue;
    seen.add(file);
    const { importedFiles, typeReferenceDirectives } = ts.preProcessFile(
      readFileSync(file, 'utf8'),
      true,
      true,
    );
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.')) queue.push(resolve(dirname(file), fileName).replace(/\.js$/, '.d.ts'));
      else if (!isBuiltin(fileName)) named.push({ specifier: fileName, file });
    }
    for (const { fileName } of typeReferenceDirectives) {
      if (fileName !== 'node') named.push({ specifier: fileName, file });
    }
  }
  return { named, files: seen.size };
}

/** `exports` names each declaration file under the conditions `module-sync`, `import` and `require`. */
const declarationsOf = (conditions) => [
  ...new Set(Object.values(conditions).flatMap(({ types }) => types ?? [])),
];

const faults = [];
for (const [entry, conditions] of Object.entries(manifest.exports)) {
  if (typeof conditions === 'string') continue;
  const allowed = [...dependencies, ...requiredPeers, driverOf[entry]];
  for (const declaration of declarationsOf(conditions)) {
    const { named, files } = packagesNamedFrom(join(root, declaration));
    for (const { specifier, file } of named) {
      const name = packageOf(specifier);
      const where = `${entry}: ${relative(root, file)} names ${name}`;
      if (!allowed.includes(name))
        faults.push(`${where}, which an install of ${manifest.name} does not bring along`);
      else if (!bringsTypes(specifier, file))
        faults.push(`${where}, whose types are not among our dependencies`);
    }
    const packages =
      [...new Set(named.map(({ specifier }) => packageOf(specifier)))].sort().join(', ') || 'no package';
    console.log(`${declaration} (${files} files) names ${packages}`);
  }
}

for (const fault of new Set(faults)) console.error(`✘ ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

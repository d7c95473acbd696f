// Run in a process of its own: prints every module that an import loads, one a line, by a hook of the loader.
import { createRequire, register } from 'node:module';

const HOOK = `import { writeSync } from 'node:fs';
export async function load(url, context, next) { writeSync(1, url + '\\n'); return next(url, context); }`;

register(`data:text/javascript,${encodeURIComponent(HOOK)}`);
for (const name of process.argv.slice(2)) await import(name);
// What CommonJS modules require of one another does not pass the hook.
const { cache } = createRequire(import.meta.url);
for (const path of Object.keys(cache)) console.log(`file://${path}`);

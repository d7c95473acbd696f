// The tests' own starters of database servers, which the benches use too.
import { runnerImport } from 'vite';

/** The module that starts servers of a kind: `redis`, `mongo` or `postgres`. */
export const server = async (name) => (await runnerImport(`./test/support/servers/${name}.server.ts`)).module;

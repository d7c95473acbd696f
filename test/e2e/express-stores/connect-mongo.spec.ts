import { onTestFinished, describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { nestApp } from '../../support/nest-app.js';
import { hasServer } from '../../support/servers/has-server.js';
import { KITS } from './kits.js';
import { ask, describeExpressStore } from './store-suite.js';

await describeExpressStore(KITS.connectMongo);

describe.skipIf(!(await hasServer('mongo', 'connect-mongo')))('connect-mongo', () => {
  it('P1 a request that only reads is answered when its session is destroyed meanwhile', async () => {
    // With express-session its touch fails then, and the response never comes.
    const data = await KITS.connectMongo.start();
    onTestFinished(() => data.close());
    const store = await data.handle();
    const reading = deferred('the request that reads');
    const ended = deferred('the end of the session');
    const { client } = await nestApp({
      options: { store, touchAfter: 0 },
      scripts: {
        login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
        async read({ sessions }) {
          reading.resolve();
          await ended.promise;
          return `${sessions.get('user')}`;
        },
        logout: ({ sessions }) => sessions.logout(),
      },
    });
    const known = client();
    await known.read('/login');
    const answer = known.read('/read');
    await reading.promise;
    await known.read('/logout');
    ended.resolve();
    expect(await answer).toEqual({ status: 200, text: 'Ada' });
    expect(await ask(store, 'length')).toBe(0);
  });
});

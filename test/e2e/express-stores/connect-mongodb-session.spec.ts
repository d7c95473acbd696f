import { onTestFinished, describe, expect, it } from 'vitest';
import { hasServer } from '../../support/servers/has-server.js';
import { adapterOf } from './adapter.js';
import { KITS } from './kits.js';
import { describeExpressStore } from './store-suite.js';

await describeExpressStore(KITS.connectMongodb);

describe.skipIf(!(await hasServer('mongo', 'connect-mongodb-session')))('connect-mongodb-session', () => {
  it('P12 its all(), which its driver never answers, is an error in time', async () => {
    const data = await KITS.connectMongodb.start();
    onTestFinished(() => data.close());
    const adapter = adapterOf(await data.handle(), { operationTimeout: 300 });
    await expect(adapter.extras['all']?.()).rejects.toMatchObject({ code: 'session_unavailable' });
  });
});

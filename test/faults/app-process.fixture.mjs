// An application with sessions in LMDB, in a process that can be killed. It runs the built package and prints its port.
import { createServer } from 'node:http';
import { createSessionMiddleware } from '../../dist/esm/index.js';
import { LmdbSessionStore } from '../../dist/esm/stores/lmdb/index.js';

const session = createSessionMiddleware({
  secret: '0123456789abcdef0123456789abcdef',
  store: new LmdbSessionStore({ path: process.env.SESSIONS_PATH }),
});

const pages = {
  '/look': (req) => ({ count: req.session.count ?? 0 }),
  '/count': (req) => ({ count: (req.session.count = (req.session.count ?? 0) + 1) }),
  async '/leave'(req) {
    await req.session.destroy();
    return { count: 0 };
  },
};

const server = createServer((req, res) => {
  session(req, res, async () => {
    const answer = await pages[req.url](req);
    res.end(JSON.stringify(answer));
  });
});
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));

// Measures what a session adds to a request, in CPU time of this process, beside express-session in the same run.
// No network: request and response are Node's own, on a socket that goes nowhere. See README.md here.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import expressSession from 'express-session';
import { createSessionMiddleware } from '../dist/esm/index.js';

// What looks at every value for those who develop is not measured.
process.env.NODE_ENV = 'production';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const REQUESTS = Number(process.env.REQUESTS ?? 3_000);
const COMMON = {
  secret: 'bench-secret-0123456789-abcdefghijklmnop',
  name: 'sid',
  // There is no TLS here.
  cookie: { secure: false },
};
const logger = { warn() {}, error: console.error };

class NullSocket extends Duplex {
  encrypted = false;
  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
  setTimeout() {}
}

function exchange(middleware, cookie, handler) {
  return new Promise((resolve, reject) => {
    const socket = new NullSocket();
    const req = new IncomingMessage(socket);
    req.method = 'GET';
    req.url = '/';
    req.headers = { host: 'localhost', ...(cookie && { cookie }) };
    const res = new ServerResponse(req);
    res.assignSocket(socket);
    res.on('finish', () => resolve(res));
    middleware(req, res, (error) => (error ? reject(error) : handler(req, res)));
  });
}

/** Fields of about this many bytes of JSON, as an application has them: some small, some lists of objects. */
function fieldsOf(bytes) {
  const fields = { email: 'ada@example.com', role: 'admin' };
  for (let n = 0; JSON.stringify(fields).length < bytes; n++) {
    fields[`item${n}`] = { id: n, name: `Thing number ${n}`, tags: ['a', 'b'], price: n * 1.5 };
  }
  return fields;
}

const variants = {
  'no session': () => (_req, _res, next) => next(),
  'express-session + MemoryStore': () =>
    expressSession({ ...COMMON, resave: false, saveUninitialized: false }),
  'nest-sessions + memory': () => createSessionMiddleware({ ...COMMON, logger }),
  'nest-sessions + memory, lazy': () => createSessionMiddleware({ ...COMMON, logger, load: 'lazy' }),
};

const works = {
  'read one field': (req, res) => res.end(String(req.session?.email)),
  'write one field': (req, res) => {
    if (req.session) req.session.role = `role ${Math.random()}`;
    res.end('ok');
  },
  'not used': (_req, res) => res.end('ok'),
};

async function measure(middleware, cookie, handler) {
  const before = process.cpuUsage();
  for (let n = 0; n < REQUESTS; n++) await exchange(middleware, cookie, handler);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / REQUESTS;
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const results = [];
for (const bytes of [1_000, 10_000]) {
  const made = {};
  for (const [name, make] of Object.entries(variants)) {
    const middleware = make();
    if (name.endsWith('lazy')) {
      made[name] = { middleware };
      continue;
    }
    const res = await exchange(middleware, undefined, (req, res) => {
      if (req.session) Object.assign(req.session, fieldsOf(bytes));
      res.end('ok');
    });
    const cookie = String(res.getHeader('set-cookie') ?? '').split(';')[0];
    const seen = await exchange(middleware, cookie, (req, res) => {
      res.email = req.session?.email;
      res.end('ok');
    });
    if (name !== 'no session' && seen.email !== 'ada@example.com')
      throw new Error(`${name} lost its session`);
    made[name] = { middleware, cookie };
  }
  for (const [work, handler] of Object.entries(works)) {
    const samples = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, { middleware, cookie }] of Object.entries(made)) {
        if (name.endsWith('lazy') && work !== 'not used') continue;
        const used = cookie ?? made['nest-sessions + memory'].cookie;
        (samples[name] ??= []).push(await measure(middleware, used, handler));
      }
    }
    const base = median(samples['no session']);
    const peer = median(samples['express-session + MemoryStore']) - base;
    for (const [name, times] of Object.entries(samples)) {
      const added = median(times) - base;
      results.push({
        bytes,
        work,
        variant: name,
        'µs a request': median(times).toFixed(1),
        'µs added': added.toFixed(1),
        'of express-session': name === 'no session' ? '' : (added / peer).toFixed(2),
      });
    }
  }
}
console.table(results);
process.exit(0);

// Measures what a session adds to a request, in CPU time of this process, beside express-session in the same run.
// No network: request and response are Node's own, on a socket that goes nowhere. See README.md here.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import expressSession from 'express-session';
import { createSessionMiddleware } from '../dist/esm/index.js';
import { median, printTable, saveResults, setting } from './support/figures.mjs';

// What looks at every value for those who develop is not measured.
process.env.NODE_ENV = 'production';

const ROUNDS = setting('ROUNDS', 15);
const REQUESTS = setting('REQUESTS', 3_000);
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

/** What a page of this session answered, or of the new one that it began. */
function exchange({ middleware, cookie }, page) {
  return new Promise((resolve, reject) => {
    const socket = new NullSocket();
    const req = new IncomingMessage(socket);
    req.method = 'GET';
    req.url = '/';
    req.headers = { host: 'localhost', ...(cookie && { cookie }) };
    const res = new ServerResponse(req);
    res.assignSocket(socket);
    let answer;
    res.on('finish', () => resolve({ res, answer }));
    middleware(req, res, (error) => {
      if (error) return reject(error);
      answer = page(req);
      res.end(answer);
    });
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

const EMAIL = 'ada@example.com';
let writes = 0;

/** The page of each work, and what a request for it answers where there is a session. */
const works = {
  'read one field': { page: (req) => String(req.session?.email), answers: () => EMAIL },
  'write one field': {
    page(req) {
      const role = `role ${++writes}`;
      if (req.session) req.session.role = role;
      return role;
    },
    answers: () => `role ${writes}`,
  },
  'not used': { page: () => 'ok', answers: () => 'ok' },
};

function check(name, isRight) {
  if (!isRight) throw new Error(`${name} gave a wrong answer.`);
}

/** µs of CPU a request. Every answer is checked, and afterwards what was written last. */
async function measure(name, visitor, { page, answers }) {
  const hasSession = name !== 'no session';
  const before = process.cpuUsage();
  for (let n = 0; n < REQUESTS; n++) {
    const { answer } = await exchange(visitor, page);
    check(name, answer === answers() || !hasSession);
  }
  const { user, system } = process.cpuUsage(before);
  if (page === works['write one field'].page && hasSession) {
    const { answer } = await exchange(visitor, (req) => `${req.session?.email}, ${req.session?.role}`);
    check(name, answer === `${EMAIL}, ${answers()}`);
  }
  return (user + system) / REQUESTS;
}

/** Who has a session of so many bytes with each variant; with `lazy` it is one that is never looked at. */
async function visitors(bytes) {
  const made = {};
  for (const [name, make] of Object.entries(variants)) {
    const middleware = make();
    if (name.endsWith('lazy')) {
      made[name] = { middleware, cookie: made['nest-sessions + memory'].cookie };
      continue;
    }
    const { res } = await exchange({ middleware }, (req) => {
      if (req.session) Object.assign(req.session, fieldsOf(bytes));
      return 'ok';
    });
    const cookie = String(res.getHeader('set-cookie') ?? '').split(';')[0];
    const { answer } = await exchange({ middleware, cookie }, works['read one field'].page);
    check(name, answer === EMAIL || name === 'no session');
    made[name] = { middleware, cookie };
  }
  // The same header for who has none: to read it is Node's work.
  made['no session'].cookie = made['nest-sessions + memory'].cookie;
  return made;
}

const results = [];
for (const bytes of [1_000, 10_000]) {
  const made = await visitors(bytes);
  for (const [work, page] of Object.entries(works)) {
    const samples = {};
    const taking = Object.keys(made).filter((name) => !name.endsWith('lazy') || work === 'not used');
    for (let round = -1; round < ROUNDS; round++) {
      for (const name of round % 2 === 0 ? taking : taking.toReversed()) {
        const sample = await measure(name, made[name], page);
        if (round >= 0) (samples[name] ??= []).push(sample); // compiled first
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
        'µs a request': median(times),
        'µs added': added,
        'of express-session': name === 'no session' ? '' : added / peer,
      });
    }
  }
}
printTable(`A session in this process, median of ${ROUNDS} rounds of ${REQUESTS} requests`, results);
saveResults('in-process.json', { rounds: ROUNDS, requests: REQUESTS, results });
process.exit(0);

// The load, from the process of the one who runs the soak: visitors one after another, so many at once, each with a cookie of its own
// and with an idea of what it must be answered.
import { Agent, request } from 'node:http';
import { setTimeout as rest } from 'node:timers/promises';

/** A wrong answer; the soak fails by the first and counts them all. */
export class WrongAnswer extends Error {}

function expect(isRight, what, answer) {
  if (!isRight) throw new WrongAnswer(`${what}: ${JSON.stringify(answer)}`);
}

class Visitor {
  cookie;

  constructor(url, agent, counts) {
    this.url = url;
    this.agent = agent;
    this.counts = counts;
  }

  /** Asks for a page; `abortAfter` cuts the connection so many ms later. */
  ask(path, { abortAfter } = {}) {
    this.counts.requests++;
    return new Promise((resolve, reject) => {
      const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
      const req = request(`${this.url}${path}`, { agent: this.agent, headers }, (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (part) => (text += part));
        res.on('error', reject).on('end', () => {
          const [set] = res.headers['set-cookie'] ?? [];
          if (set !== undefined) this.cookie = set.split(';')[0];
          resolve({ status: res.statusCode, text });
        });
      });
      req.on('error', reject).setTimeout(20_000, () => req.destroy(new Error(`${path} was not answered.`)));
      if (abortAfter !== undefined) setTimeout(() => req.destroy(), abortAfter);
      req.end();
    });
  }

  async json(path) {
    const { status, text } = await this.ask(path);
    expect(status === 200, `${path} answered ${status}`, text);
    return JSON.parse(text);
  }
}

/** What visitors do. Each is a whole visit, from no cookie to the last answer. */
const VISITS = {
  async anonymous(visitor) {
    expect((await visitor.json('/page')).page === true, '/page', 'no page');
    expect(visitor.cookie === undefined, 'a page that stores nothing set a cookie', visitor.cookie);
  },
  async counting(visitor) {
    for (let n = 1; n <= 5; n++)
      expect((await visitor.json('/count')).count === n, `count ${n}`, visitor.cookie);
    const read = await visitor.json('/read');
    expect(read.count === 5 && read.who === 'nobody', 'what was counted', read);
  },
  async loggingIn(visitor, name) {
    await visitor.json('/count');
    expect((await visitor.json(`/login?as=${name}`)).who === name, 'the login', name);
    const read = await visitor.json('/read');
    expect(read.count === 1 && read.who === name, 'after the login', read);
    await visitor.json('/logout');
    const after = await visitor.json('/read');
    expect(after.count === 0 && after.who === 'nobody', 'after the logout', after);
  },
  /** Logs in as one of few, who have more devices than they may: whoever is still in must be who it says. */
  async oneDeviceTooMany(visitor) {
    const name = `crowd${Math.floor(Math.random() * 20)}`;
    await visitor.json(`/login?as=${name}`);
    const { who } = await visitor.json('/read');
    expect(who === name || who === 'nobody', `after the login of ${name}`, who);
  },
  /** Stays longer than `renewAfter`, so that its token is renewed, and comes often enough not to expire. */
  async staying(visitor, name) {
    await visitor.json(`/login?as=${name}`);
    const first = visitor.cookie;
    for (let n = 0; n < 6; n++) {
      await rest(500);
      const { who } = await visitor.json('/read');
      expect(who === name, `at visit ${n} of ${name}`, who);
    }
    expect(visitor.cookie !== first, 'the token was not renewed', name);
  },
  async expiring(visitor) {
    await visitor.json('/count');
    await rest(5_000);
    expect((await visitor.json('/read')).count === 0, 'after the idle timeout', 'there is a session');
  },
  async streamed(visitor) {
    const { text } = await visitor.ask('/stream');
    expect(text.split('data: ').length === 6, 'the stream', text);
  },
  async aborted(visitor) {
    const path = Math.random() < 0.5 ? '/slow' : '/stream';
    await visitor.ask(path, { abortAfter: 5 + Math.random() * 30 }).catch(() => undefined);
  },
};

/** So often each visit comes. */
const MIX = {
  anonymous: 4,
  counting: 4,
  loggingIn: 4,
  oneDeviceTooMany: 2,
  staying: 1,
  expiring: 1,
  streamed: 1,
  aborted: 2,
};
const DRAWN = Object.entries(MIX).flatMap(([name, share]) => Array(share).fill(name));

/** Starts the load; `stop()` resolves when the last visitor is gone. */
export function startLoad(url, visitors) {
  const agent = new Agent({ keepAlive: true, maxSockets: visitors });
  const counts = { requests: 0, visits: {}, wrong: 0, firstWrong: undefined };
  const over = new AbortController();
  let next = 0;
  const lane = async (at) => {
    for (let n = at; !over.signal.aborted; n++) {
      const name = DRAWN[(n * 7) % DRAWN.length];
      counts.visits[name] = (counts.visits[name] ?? 0) + 1;
      try {
        await VISITS[name](new Visitor(url, agent, counts), `user${next++}`);
      } catch (error) {
        counts.wrong++;
        counts.firstWrong ??= `${name}: ${error.message}`;
      }
    }
  };
  const lanes = Array.from({ length: visitors }, (_, at) => lane(at));
  return {
    counts,
    async stop() {
      over.abort();
      await Promise.all(lanes);
      agent.destroy();
    },
  };
}

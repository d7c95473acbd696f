// The pages of the soak's application: a controller without the syntax of decorators, since plain JavaScript has none.
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Inject, Req, RequestMapping, RequestMethod, Res } from '@nestjs/common';
import { SessionService } from 'nest-sessions';

/** What a page does; it answers by itself or by what it returns. */
const PAGES = {
  '/page': () => ({ page: true }),
  '/count': ({ req }) => ({ count: (req.session.count = (req.session.count ?? 0) + 1) }),
  '/read': ({ req, sessions }) => ({ count: req.session.count ?? 0, who: sessions.principal ?? 'nobody' }),
  '/login': async ({ req, sessions }) => {
    await sessions.login(String(req.query.as), { keep: ['count'] });
    return { who: sessions.principal };
  },
  '/logout': async ({ sessions }) => {
    await sessions.logout();
    return { who: sessions.principal ?? 'nobody' };
  },
  '/slow': async ({ req }) => {
    req.session.slow = Date.now();
    await sleep(50);
    return { slow: true };
  },
  '/stream': async ({ req, res }) => {
    req.session.streamed = (req.session.streamed ?? 0) + 1;
    res.setHeader('content-type', 'text/event-stream');
    for (let n = 0; n < 5 && !res.destroyed; n++) {
      res.write(`data: ${n}\n\n`);
      await sleep(10);
    }
    res.end();
  },
};

/** The class of a controller with these pages. */
export function pagesController() {
  class Pages {
    constructor(sessions) {
      this.sessions = sessions;
    }
  }
  Inject(SessionService)(Pages, undefined, 0);
  for (const [path, page] of Object.entries(PAGES)) {
    const name = path.slice(1);
    const answers = path === '/stream';
    Pages.prototype[name] = async function (req, res) {
      const answer = await page({ req, res, sessions: this.sessions });
      if (!answers) res.json(answer);
    };
    Req()(Pages.prototype, name, 0);
    Res()(Pages.prototype, name, 1);
    const descriptor = Object.getOwnPropertyDescriptor(Pages.prototype, name);
    RequestMapping({ path, method: RequestMethod.GET })(Pages.prototype, name, descriptor);
  }
  Controller()(Pages);
  return Pages;
}

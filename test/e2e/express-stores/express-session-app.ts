import express, { type Request, type Response } from 'express';
import session, { type CookieOptions, type Store } from 'express-session';
import { onTestFinished } from 'vitest';
import { listen } from '../../support/http-server.js';
import { SECRET } from '../../support/nest-app.js';

/** The cookie's name that express-session has by default. */
export const COOKIE = 'connect.sid';

/** A handler that answers JSON. */
export type ExpressScript = (req: Request) => unknown;

/** express-session itself, run as people run it, with handlers by path; answers its address. */
export async function expressSessionApp(
  store: Store,
  scripts: Readonly<Record<string, ExpressScript>>,
  { cookie = {}, genid }: { cookie?: CookieOptions; genid?: () => string } = {},
): Promise<string> {
  const app = express();
  app.use(
    session({
      store,
      secret: SECRET,
      name: COOKIE,
      resave: false,
      saveUninitialized: false,
      cookie,
      ...(genid === undefined ? {} : { genid }),
    }),
  );
  for (const [path, script] of Object.entries(scripts)) {
    app.all(`/${path}`, async (req: Request, res: Response) => {
      res.json((await script(req)) ?? null);
    });
  }
  const server = await listen(app);
  onTestFinished(() => server.close());
  return server.url;
}

import { type INestApplication, Inject, Injectable } from '@nestjs/common';
import type { RequestHandler } from 'express';
import { type SessionFields, SessionService } from 'nest-sessions';
import { Accounts, type PageRequest } from '../app/accounts.js';
import type { PageFields } from '../app/session-fields.js';

/** What our README shows. */
@Injectable()
export class OurAccounts extends Accounts {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {
    super();
  }

  async login(_req: PageRequest, fields: PageFields): Promise<void> {
    await this.sessions.login(fields.owner ?? '', { data: fields as Partial<SessionFields> });
  }

  async logout(): Promise<void> {
    await this.sessions.logout();
  }
}

/** With `load: 'lazy'` the pages that do use the session load it first. */
export function loadWhereUsed(app: INestApplication): void {
  const sessions = app.get(SessionService);
  const load: RequestHandler = (_req, _res, next) => {
    sessions.load().then(() => next(), next);
  };
  app.use(['/read', '/write', '/note'], load);
}

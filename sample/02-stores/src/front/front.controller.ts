import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService } from 'nest-sessions';
import { OtherProcess } from '../config/other-process.js';
import { STORE_CHOICE, type StoreChoice } from '../sessions/store-choice.js';
import { loggedInPage, loggedOutPage } from './front.page.js';
import type { Here } from './here.js';

/** The front page: who is logged in, which process says so, and the way to the other one. */
@Controller()
export class FrontController {
  constructor(
    private readonly sessions: SessionService,
    @Inject(STORE_CHOICE) private readonly store: StoreChoice,
    private readonly otherProcess: OtherProcess,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  async show(@Req() request: Request): Promise<string> {
    const here = this.describe(request);
    if (this.sessions.principal === undefined) return loggedOutPage(here);
    // Both processes count, in one session.
    const visits = await this.sessions.update((draft) => (draft.visits = (draft.visits ?? 0) + 1));
    return loggedInPage(here, { email: this.sessions.get('email') ?? '', visits });
  }

  private describe({ protocol, hostname, socket }: Request): Here {
    const { port: otherPort } = this.otherProcess;
    return {
      port: socket.localPort ?? 0,
      pid: process.pid,
      store: this.store,
      // On the host that the browser knows: a cookie belongs to a host, whatever the port.
      other: otherPort ? { port: otherPort, url: `${protocol}://${hostname}:${otherPort}/` } : undefined,
    };
  }
}

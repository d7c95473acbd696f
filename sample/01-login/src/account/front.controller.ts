import { Controller, Get, Header } from '@nestjs/common';
import { SessionService } from 'nest-sessions';
import { greetingPage } from '../views/greeting.page.js';
import { loginPage } from '../views/login.page.js';

/** The front page: the login form, or a greeting for who is logged in. */
@Controller()
export class FrontController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  // It looks different before and after login, so the back button has to ask again. Guarded routes say so by themselves.
  @Header('Cache-Control', 'no-store')
  async show(): Promise<string> {
    if (this.sessions.principal === undefined) return loginPage();
    // Two tabs that load at once are both counted.
    const visits = await this.sessions.update((draft) => (draft.visits = (draft.visits ?? 0) + 1));
    return greetingPage({ email: this.sessions.get('email') ?? '', visits });
  }
}

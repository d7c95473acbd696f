import { Controller, Get, HttpCode, Inject, Post, Query, Req } from '@nestjs/common';
import { Accounts, type PageRequest, sessionOf } from './accounts.js';
import { NOBODY, sessionFields } from './session-fields.js';

/** The pages that are measured: the same for every variant. */
@Controller()
export class PagesController {
  constructor(@Inject(Accounts) private readonly accounts: Accounts) {}

  @Get('read')
  read(@Req() req: PageRequest): string {
    return sessionOf(req)?.owner ?? NOBODY;
  }

  @Get('write')
  write(@Req() req: PageRequest, @Query('value') value: string): string {
    const session = sessionOf(req);
    if (session) {
      session.note = value;
    }
    return value;
  }

  /** Not measured: whether what was written is there. */
  @Get('note')
  note(@Req() req: PageRequest): string {
    return sessionOf(req)?.note ?? NOBODY;
  }

  @Get('unused')
  unused(): string {
    return 'ok';
  }

  @Post('login')
  @HttpCode(200)
  async login(
    @Req() req: PageRequest,
    @Query('owner') owner: string,
    @Query('bytes') bytes: string,
  ): Promise<string> {
    await this.accounts.login(req, sessionFields(owner, Number(bytes)));
    return owner;
  }

  @Post('logout')
  @HttpCode(200)
  async logout(@Req() req: PageRequest): Promise<string> {
    await this.accounts.logout(req);
    return 'out';
  }
}

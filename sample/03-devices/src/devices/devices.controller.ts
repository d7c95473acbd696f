import { Controller, Get, HttpStatus, Param, Post, Redirect, UseGuards } from '@nestjs/common';
import {
  AuthGuard,
  Flash,
  type FlashMessage,
  Principal,
  SessionRegistry,
  SessionService,
} from 'nest-sessions';
import { devicesPage } from '../views/devices.page.js';

/** Where somebody is logged in, and the ways to end that. */
@Controller('devices')
@UseGuards(AuthGuard)
export class DevicesController {
  constructor(
    private readonly sessions: SessionService,
    private readonly registry: SessionRegistry,
  ) {}

  @Get()
  async list(@Principal() userId: string, @Flash() messages: FlashMessage[]): Promise<string> {
    return devicesPage({ devices: await this.registry.list(userId), now: new Date(), messages });
  }

  /** A handle is a public name and no credential, so it may stand in an address; it opens nothing but the user's own sessions. */
  @Post(':handle/end')
  @Redirect('/devices', HttpStatus.SEE_OTHER)
  async end(@Principal() userId: string, @Param('handle') handle: string): Promise<void> {
    if (await this.registry.revoke(userId, handle)) {
      this.sessions.flash('info', 'That device is logged out. It notices at its next click.');
    } else {
      this.sessions.flash('error', 'That device was logged out already.');
    }
  }

  @Post('end-others')
  @Redirect('/devices', HttpStatus.SEE_OTHER)
  async endOthers(): Promise<void> {
    const ended = await this.registry.revokeOthers();
    this.sessions.flash('info', `${count(ended)} logged out. You are logged in here only.`);
  }

  @Post('end-all')
  @Redirect('/login', HttpStatus.SEE_OTHER)
  async endAll(@Principal() userId: string): Promise<void> {
    const ended = await this.registry.revokeAll(userId);
    this.sessions.flash('info', `${count(ended)} logged out, this one included.`);
  }
}

function count(devices: number): string {
  return devices === 1 ? 'One device is' : `${devices} devices are`;
}

import { Controller, Get } from '@nestjs/common';
import { SessionService } from 'nest-sessions';
import { CookieClient } from './http-server.js';
import './session-data.js';

/** Counts the visits of a session. */
@Controller()
export class CountController {
  constructor(private readonly sessions: SessionService) {}

  @Get('count')
  count(): string {
    const next = (this.sessions.get('count') ?? 0) + 1;
    this.sessions.set('count', next);
    return `count ${next}`;
  }
}

/** Visits once more. */
export async function count(client: CookieClient): Promise<string> {
  return (await client.read('/count')).text;
}

/** What two visits of one client answer where sessions work. */
export const COUNTED = ['count 1', 'count 2'];

/** Visits twice, as one client. */
export async function visitTwice(url: string): Promise<string[]> {
  const client = new CookieClient(url);
  return [await count(client), await count(client)];
}

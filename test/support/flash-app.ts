import { Controller, Get, Injectable, type PipeTransform, Redirect } from '@nestjs/common';
import expressSession from 'express-session';
import { Flash, type FlashMessage, type SessionOptions, SessionService } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { expect } from 'vitest';
import type { CookieClient } from './http-server.js';
import { nestApp, type Script, type TestNestApp } from './nest-app.js';

@Injectable()
class TextsPipe implements PipeTransform<FlashMessage[], string> {
  transform(messages: FlashMessage[]): string {
    return messages.map(({ message }) => String(message)).join(' ');
  }
}

@Controller('pages')
class Pages {
  constructor(private readonly sessions: SessionService) {}

  @Get(['all', 'cart', 'other'])
  all(@Flash() messages: FlashMessage[]) {
    return messages;
  }

  @Get('errors')
  errors(@Flash('error') messages: FlashMessage[]) {
    return messages;
  }

  @Get('both')
  both(@Flash('error') errors: FlashMessage[], @Flash('info') infos: FlashMessage[]) {
    return [errors, infos];
  }

  @Get('piped')
  piped(@Flash(TextsPipe) all: string) {
    return all;
  }

  @Get('piped-errors')
  pipedErrors(@Flash('error', TextsPipe) errors: string) {
    return errors;
  }

  @Get('save')
  @Redirect('/pages/all')
  save() {
    this.sessions.flash('info', 'Saved.');
  }
}

/** A message of this type. */
export const info = (message: unknown) => ({ type: 'info', message });

/** An application with pages that take messages. */
export function flashApp(scripts: Record<string, Script>, options: Partial<SessionOptions> = {}) {
  return nestApp({ scripts, options, controllers: [Pages] });
}

/** What a page gets. */
export async function seen(client: CookieClient, path = '/pages/all', init?: RequestInit): Promise<unknown> {
  const { status, text } = await client.read(path, init);
  expect(status).toBe(200);
  return JSON.parse(text);
}

/** An application whose script `add` flashes this, and a client that has asked for it. */
export async function added(
  ...messages: Parameters<SessionService['flash']>[]
): Promise<TestNestApp & { known: CookieClient }> {
  const app = await flashApp({
    add: ({ sessions }) => messages.forEach((message) => sessions.flash(...message)),
  });
  const known = app.client();
  expect((await known.read('/add')).status).toBe(200);
  return { ...app, known };
}

/** Options for each kind of place that sessions live in. */
export const STORES: [string, () => Partial<SessionOptions>][] = [
  ['a store', () => ({})],
  ['a store of express-session', () => ({ store: new expressSession.MemoryStore() })],
  ['the cookie', () => ({ store: new SealedCookieStore() })],
  ["a store, with load: 'lazy'", () => ({ load: 'lazy' })],
];

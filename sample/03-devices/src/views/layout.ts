import type { FlashMessage } from 'nest-sessions';
import { html, type Html } from '../login-sample.js';

interface Layout {
  readonly title: string;
  readonly content: Html;
  /** What the request before had to say. */
  readonly messages?: readonly FlashMessage[] | undefined;
  /** Only for somebody who is logged in: there is a way out, and after it no way back. */
  readonly personal?: Personal;
}

/** Which page of somebody who is logged in. */
export type Personal = 'devices' | 'api-key' | 'confirm';

/** The frame of every page. */
export function layout({ title, content, messages = [], personal }: Layout): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · nest-sessions</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        <link rel="stylesheet" href="/devices.css" />
        ${personal && html`<script src="/no-way-back.js"></script>`}
      </head>
      <body>
        <header class="bar">
          <a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28" />nest-sessions</a>
          ${personal && navigation(personal)}
        </header>
        <main>${messages.map(shown)} ${content}</main>
        <footer>
          <p>Rendered on the server. No script of a page can read the cookie that tells who you are.</p>
        </footer>
      </body>
    </html>`.toString();
}

function navigation(here: Personal): Html {
  return html`<nav aria-label="Account">
    <a href="/devices" ${here === 'devices' && current()}>Devices</a>
    <a href="/api-key" ${here === 'api-key' && current()}>API key</a>
    <form method="post" action="/logout"><button class="quiet">Log out</button></form>
  </nav>`;
}

function current(): Html {
  return html`aria-current="page"`;
}

/** A message as text: it may repeat what somebody typed. */
function shown({ type, message }: FlashMessage): Html {
  const role = type === 'error' ? 'alert' : 'status';
  return html`<p class="message ${type}" role="${role}">${String(message)}</p>`;
}

import { html, type Html } from './html.js';

interface Layout {
  readonly title: string;
  readonly content: Html;
  /** Only for somebody who is logged in: there is a way out, and after it no way back. */
  readonly personal?: boolean;
}

/** The frame of every page. */
export function layout({ title, content, personal = false }: Layout): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · nest-sessions</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        ${personal && html`<script src="/no-way-back.js"></script>`}
      </head>
      <body>
        <header class="bar">
          <a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28" />nest-sessions</a>
          ${personal && logoutButton()}
        </header>
        <main>${content}</main>
        <footer>
          <p>Rendered on the server. No script of a page can read the cookie that tells who you are.</p>
        </footer>
      </body>
    </html>`.toString();
}

/** A form, because a link that changes something could be followed by accident. */
function logoutButton(): Html {
  return html`<form method="post" action="/logout"><button class="quiet">Log out</button></form>`;
}

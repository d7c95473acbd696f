import { html, type Html, layout, loginCard } from '../login-sample.js';
import type { Here } from './here.js';

interface Visitor {
  readonly email: string;
  readonly visits: number;
}

/** The front page of somebody who is logged in. */
export function loggedInPage(here: Here, { email, visits }: Visitor): string {
  const content = html`
    <section class="card">
      <p class="eyebrow">Logged in on port ${here.port}</p>
      <h1>Hello, <span class="wrap">${email}</span></h1>
      <p class="figure">
        <strong data-testid="visits">${visits}</strong> ${visits === 1 ? 'visit' : 'visits'} in this session
      </p>
      ${facts(here)}
      <p class="actions">
        ${here.other && html`<a class="button" href="${here.other.url}">Go on at port ${here.other.port}</a>`}
        <a class="button secondary" href="/admin">Open the admin page</a>
      </p>
    </section>
  `;
  return layout({ title: `Hello from port ${here.port}`, content, personal: true });
}

/** The login form, and whose it is. */
export function loggedOutPage({ port, pid, store, other }: Here): string {
  const content = html`
    ${loginCard()}
    <p class="note">
      <span data-testid="answered-by">Answered by <strong>port ${port}</strong>, process ${pid}.</span>
      <span data-testid="store">Sessions are kept in <strong>${store.title}</strong>.</span>
      ${other && html`<a href="${other.url}">To port ${other.port}</a>`}
    </p>
  `;
  return layout({ title: `Log in on port ${port}`, content });
}

function facts({ port, pid, store }: Here): Html {
  return html`<dl class="facts">
    <div>
      <dt>Answered by</dt>
      <dd data-testid="answered-by"><strong>port ${port}</strong>, process ${pid}</dd>
    </div>
    <div>
      <dt>Sessions kept in</dt>
      <dd data-testid="store">
        <strong>${store.title}</strong>
        <p><code>STORE=${store.name}</code></p>
      </dd>
    </div>
    <div>
      <dt>Logging out</dt>
      <dd data-testid="logout">
        ${
          store.isCookie
            ? 'Clears the cookie of your browser. A copy that somebody made of it works until it expires.'
            : 'Ends the session in both processes, also for a copy of its cookie.'
        }
      </dd>
    </div>
  </dl>`;
}

import type { SessionInfo } from 'nest-sessions';
import { distance, html, type Html, layout, moment } from '../login-sample.js';

interface SessionsView {
  readonly email: string;
  readonly sessions: readonly SessionInfo[];
  readonly now: Date;
}

/** Who is logged in, and where. */
export function sessionsPage({ email, sessions, now }: SessionsView): string {
  // The latest login first.
  const rows = [...sessions].reverse().map((session) => row(session, now));
  const content = html`
    <section class="card">
      <p class="eyebrow">Logged in by Passport</p>
      <h1>Hello, <span class="wrap" data-testid="email">${email}</span></h1>
      <p>
        You are logged in
        ${sessions.length === 1 ? 'in this browser only.' : `in ${sessions.length} browsers.`}
        ${sessions.length === 1 && 'Log in with another one, or in a private window, and it is listed here.'}
      </p>
      <ul class="rows">
        ${rows}
      </ul>
      ${sessions.length > 1 && endOthers()}
    </section>
  `;
  return layout({ title: 'Your sessions', content, personal: true });
}

function row({ handle, device, createdAt, isCurrent }: SessionInfo, now: Date): Html {
  return html`<li data-testid="session">
    <div>
      <strong class="wrap">${device.label}</strong>
      ${isCurrent && html`<span class="tag">This browser</span>`}
      <p>
        ${device.ip} · logged in
        <time datetime="${createdAt.toISOString()}" title="${moment(createdAt)}"
          >${distance(createdAt, now)}</time
        >
      </p>
    </div>
    ${!isCurrent && endButton(handle, device.label)}
  </li>`;
}

function endButton(handle: string, label: string | undefined): Html {
  return html`<form method="post" action="/sessions/${handle}/end">
    <button class="quiet" aria-label="Log out ${label}">Log out there</button>
  </form>`;
}

function endOthers(): Html {
  return html`<form method="post" action="/sessions/others/end-all">
    <button class="secondary">Log out everywhere else</button>
  </form>`;
}

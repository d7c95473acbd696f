import type { FlashMessage } from 'nest-sessions';
import { DEMO_ACCOUNT, html, type Html } from '../login-sample.js';
import { layout } from './layout.js';

interface FailedLogin {
  readonly email: string;
  readonly problem: string;
  readonly remember: boolean;
}

interface LoginView {
  readonly messages?: readonly FlashMessage[];
  /** After a failed login: what was typed and what was wrong. */
  readonly failed?: FailedLogin;
}

/** The login form. */
export function loginPage({ messages, failed }: LoginView): string {
  const content = html`
    <section class="card narrow">
      <h1>Log in</h1>
      ${failed && html`<p class="problem" id="problem" role="alert">${failed.problem}</p>`}
      <form method="post" action="/login">
        <label for="email">Email</label>
        <input
          id="email"
          name="email"
          type="email"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          value="${failed?.email}"
          ${failed && marks()}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${failed && html`${marks()} autofocus`}
        />
        <label class="tick">
          <input name="remember" type="checkbox" ${failed?.remember && html`checked`} />
          Keep me logged in
        </label>
        <button>Log in</button>
      </form>
      <aside class="hint" aria-label="Demo account">
        <h2>Demo account</h2>
        <dl>
          <dt>Email</dt>
          <dd><code>${DEMO_ACCOUNT.email}</code></dd>
          <dt>Password</dt>
          <dd><code>${DEMO_ACCOUNT.password}</code></dd>
        </dl>
      </aside>
    </section>
  `;
  return layout({ title: failed ? 'Not logged in' : 'Log in', content, messages });
}

/** Ties a field to the problem, so that a screen reader reads it with the field. */
function marks(): Html {
  return html`aria-invalid="true" aria-describedby="problem"`;
}

import { DEMO_ACCOUNT } from '../users/demo-account.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';

interface FailedLogin {
  readonly email: string;
  readonly problem: string;
}

/** The login form; after a failed login with what was typed and what was wrong. */
export function loginPage(failed?: FailedLogin): string {
  return layout({ title: failed ? 'Not logged in' : 'Log in', content: loginCard(failed) });
}

/** The form without the page around it. */
export function loginCard(failed?: FailedLogin): Html {
  return html`
    <section class="card narrow">
      <h1>Log in</h1>
      ${failed && problem(failed.problem)}
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
        <button>Log in</button>
      </form>
      ${demoHint()}
    </section>
  `;
}

function problem(text: string): Html {
  return html`<p class="problem" id="problem" role="alert">${text}</p>`;
}

/** Ties a field to the problem, so that a screen reader reads it with the field. */
function marks(): Html {
  return html`aria-invalid="true" aria-describedby="problem"`;
}

function demoHint(): Html {
  return html`<aside class="hint" aria-label="Demo account">
    <h2>Demo account</h2>
    <dl>
      <dt>Email</dt>
      <dd><code>${DEMO_ACCOUNT.email}</code></dd>
      <dt>Password</dt>
      <dd><code>${DEMO_ACCOUNT.password}</code></dd>
    </dl>
  </aside>`;
}

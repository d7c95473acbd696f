import type { FlashMessage } from 'nest-sessions';
import { html } from '../login-sample.js';
import { layout } from './layout.js';

interface ConfirmView {
  readonly email: string;
  readonly messages?: readonly FlashMessage[];
  /** What was wrong the time before. */
  readonly problem?: string;
}

/** Asks somebody who is logged in for their password once more. */
export function confirmPage({ email, messages, problem }: ConfirmView): string {
  const content = html`
    <section class="card narrow">
      <p class="eyebrow">Logged in as <span class="wrap email">${email}</span></p>
      <h1>Is it still you?</h1>
      <p>What comes next asks for a login of the last five minutes. Give your password once more to go on.</p>
      ${problem !== undefined && html`<p class="problem" id="problem" role="alert">${problem}</p>`}
      <form method="post" action="/confirm">
        <!-- Tells a password manager whose password it is. -->
        <input type="email" autocomplete="username" value="${email}" readonly hidden />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          ${problem !== undefined && html`aria-invalid="true" aria-describedby="problem"`}
        />
        <button>Go on</button>
      </form>
    </section>
  `;
  return layout({ title: 'Is it still you?', content, messages, personal: 'confirm' });
}

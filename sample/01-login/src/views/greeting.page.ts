import { html } from './html.js';
import { layout } from './layout.js';

interface Greeting {
  readonly email: string;
  readonly visits: number;
}

/** The front page of somebody who is logged in. */
export function greetingPage({ email, visits }: Greeting): string {
  const content = html`
    <section class="card">
      <p class="eyebrow">Logged in</p>
      <h1>Hello, <span class="wrap">${email}</span></h1>
      <p class="figure">
        <strong data-testid="visits">${visits}</strong> ${visits === 1 ? 'visit' : 'visits'} to this page in
        this session
      </p>
      <p>The counter lives in your session. Reload, open a second tab, or restart the server: it goes on.</p>
      <p><a class="button" href="/admin">Open the admin page</a></p>
    </section>
  `;
  return layout({ title: 'Hello', content, personal: true });
}

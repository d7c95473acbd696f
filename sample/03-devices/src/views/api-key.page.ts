import type { FlashMessage } from 'nest-sessions';
import { html } from '../login-sample.js';
import { layout } from './layout.js';

interface ApiKeyView {
  readonly key: string;
  readonly messages: readonly FlashMessage[];
}

/** The page that only a recent login opens. */
export function apiKeyPage({ key, messages }: ApiKeyView): string {
  const content = html`
    <section class="card">
      <p class="eyebrow">Sensitive</p>
      <h1>Your API key</h1>
      <p class="figure"><code data-testid="key">${key}</code></p>
      <p>
        Whoever has this key can do what you can. So this page asks for your password when you gave it more
        than five minutes ago, be it at the login.
      </p>
      <form method="post" action="/api-key/replace"><button class="secondary">Replace it</button></form>
    </section>
  `;
  return layout({ title: 'Your API key', content, messages, personal: 'api-key' });
}

import { STATUS_CODES } from 'node:http';
import { html } from './html.js';
import { layout } from './layout.js';

const EXPLANATIONS: Readonly<Record<number, string>> = {
  400: 'The form could not be read. Go back and try once more.',
  403: 'This is not allowed.',
  404: 'There is no such page.',
  409: 'Your session has ended in the meantime. Log in again.',
  503: 'Sessions cannot be read or saved at the moment. Try again soon.',
};

/** The page for an HTTP error. */
export function errorPage(status: number): string {
  const name = STATUS_CODES[status] ?? 'Error';
  const content = html`
    <section class="card narrow">
      <p class="eyebrow">Error ${status}</p>
      <h1>${name}</h1>
      <p>${EXPLANATIONS[status] ?? 'Something went wrong.'}</p>
      <p><a class="button secondary" href="/">To the front page</a></p>
    </section>
  `;
  return layout({ title: name, content });
}

import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { distance, moment } from './time.js';

interface AdminView {
  readonly email: string;
  readonly now: Date;
  readonly began: Date | undefined;
  readonly endsIfIdle: Date | undefined;
  readonly endsAtLatest: Date | undefined;
}

/** The page behind the guard: who is logged in, since when and until when. */
export function adminPage({ email, now, began, endsIfIdle, endsAtLatest }: AdminView): string {
  const content = html`
    <section class="card">
      <p class="eyebrow">Admin</p>
      <h1>Your session</h1>
      <dl class="facts">
        <div>
          <dt>Logged in as</dt>
          <dd class="wrap" data-testid="email">${email}</dd>
        </div>
        <div>
          <dt>Began</dt>
          <dd>${time(began, now)}</dd>
        </div>
        <div>
          <dt>Ends when idle</dt>
          <dd>
            ${time(endsIfIdle, now)}
            <p>Moves on with your visits.</p>
          </dd>
        </div>
        <div>
          <dt>Ends at the latest</dt>
          <dd>
            ${time(endsAtLatest, now)}
            <p>Whatever you do.</p>
          </dd>
        </div>
      </dl>
      <p><a class="button secondary" href="/">Back to the front page</a></p>
    </section>
  `;
  return layout({ title: 'Admin', content, personal: true });
}

function time(date: Date | undefined, now: Date): Html | undefined {
  if (date === undefined) return undefined;
  return html`<time datetime="${date.toISOString()}">
    <strong>${distance(date, now)}</strong>
    <span>${moment(date)}</span>
  </time>`;
}

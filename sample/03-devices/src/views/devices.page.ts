import type { FlashMessage, SessionInfo } from 'nest-sessions';
import { deviceName } from '../devices/device-name.js';
import { MAX_DEVICES } from '../devices/max-devices.js';
import { distance, html, type Html, moment } from '../login-sample.js';
import { layout } from './layout.js';

interface DevicesView {
  readonly devices: readonly SessionInfo[];
  readonly now: Date;
  readonly messages: readonly FlashMessage[];
}

/** Where somebody is logged in: this device first, then the one that was used last. */
export function devicesPage({ devices, now, messages }: DevicesView): string {
  const sorted = devices.toSorted(
    (a, b) => Number(b.isCurrent) - Number(a.isCurrent) || b.lastSeenAt.getTime() - a.lastSeenAt.getTime(),
  );
  const content = html`
    <section class="card">
      <h1>Your devices</h1>
      <p class="lead">
        You can be logged in on ${MAX_DEVICES} devices at once; one login more ends the oldest. What a device
        is called is what its browser says it is.
      </p>
      <ul class="devices">
        ${sorted.map((device) => item(device, now))}
      </ul>
      <div class="actions">
        ${devices.length > 1 && button('/devices/end-others', 'Log out my other devices', 'secondary')}
        ${button('/devices/end-all', 'Log out everywhere', 'secondary')}
      </div>
    </section>
  `;
  return layout({ title: 'Your devices', content, messages, personal: 'devices' });
}

function item({ handle, createdAt, lastSeenAt, expiresAt, isCurrent, device }: SessionInfo, now: Date): Html {
  const name = deviceName(device.userAgent);
  return html`<li data-testid="device">
    <div class="heading">
      <h2 id="device-${handle}">${name}</h2>
      ${
        isCurrent
          ? html`<span class="badge">This device</span>`
          : html`<form method="post" action="/devices/${handle}/end">
              <button class="quiet" aria-describedby="device-${handle}">Log out</button>
            </form>`
      }
    </div>
    <dl class="times">
      <div>
        <dt>Logged in</dt>
        <dd>${time(createdAt, now)}</dd>
      </div>
      <div>
        <dt>Last seen</dt>
        <dd>${time(lastSeenAt, now)}</dd>
      </div>
      <div>
        <dt>Ends if not used</dt>
        <dd>${time(expiresAt, now)}</dd>
      </div>
    </dl>
    ${
      device.userAgent !== undefined &&
      html`<details>
        <summary>In its own words</summary>
        <code>${device.userAgent}</code>
      </details>`
    }
  </li>`;
}

function time(date: Date, now: Date): Html {
  return html`<time datetime="${date.toISOString()}" title="${moment(date)}">${distance(date, now)}</time>`;
}

function button(action: string, text: string, look: string): Html {
  return html`<form method="post" action="${action}"><button class="${look}">${text}</button></form>`;
}

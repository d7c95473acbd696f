import type { DeviceNote } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import type { Script } from '../support/nest-app.js';
import { withRegistry } from '../support/registry-app.js';
import '../support/session-data.js';

describe('what is noted about a device', () => {
  it('is nothing unless it is asked for', async () => {
    const { device, listed } = await withRegistry();
    const client = await device('ada', { 'user-agent': 'Browser' });
    expect((await listed(client))[0]?.device).toEqual({});
    const { device: other, listed: list } = await withRegistry({ registry: { userAgent: true } });
    const note: DeviceNote | undefined = (await list(await other('ada', { 'user-agent': 'Browser' })))[0]
      ?.device;
    expect(note).toEqual({ userAgent: 'Browser' });
  });

  it('is what the options say, cut short', async () => {
    const { device, listed } = await withRegistry({
      registry: { userAgent: true, ip: true, label: ({ headers }) => headers['x-label']?.toString() },
    });
    const client = await device('ada', { 'user-agent': 'U'.repeat(1_000), 'x-label': 'L'.repeat(1_000) });
    const [info] = await listed(client);
    expect(info?.device).toEqual({ userAgent: 'U'.repeat(256), ip: '127.0.0.1', label: 'L'.repeat(128) });
  });

  it('cuts an address that a proxy made up', async () => {
    const { app, device, listed } = await withRegistry({ registry: { ip: true } });
    app.getHttpAdapter().getInstance().set('trust proxy', true);
    const client = await device('ada', { 'x-forwarded-for': '<b>'.repeat(1_000) });
    expect((await listed(client))[0]?.device.ip).toBe('<b>'.repeat(22).slice(0, 64));
  });

  it('is text that any store and any page can hold', async () => {
    const label = `${'x'.repeat(127)}😀`;
    const labels = [label, 'a\ud83db', '\u0000\n<script>', ''];
    let count = 0;
    const { device, registry } = await withRegistry({ registry: { label: () => labels[count++] } });
    for (const _label of labels) await device();
    expect((await registry.list('ada')).map((info) => info.device.label)).toEqual([
      `${'x'.repeat(127)}\ufffd`,
      'a\ufffdb',
      '\u0000\n<script>',
      '',
    ]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('No such browser.');
      },
    ],
    ['answers a number', () => 7],
    ['answers null', () => null],
    ['answers a text object', () => Object('phone')],
    ['answers a promise', () => Promise.resolve('phone')],
    ['answers a promise that fails', () => Promise.reject(new Error('No such browser.'))],
  ])(
    'P9 a label function that %s keeps nobody from logging in, and the log says so',
    async (_name, label) => {
      const fill: Script = ({ req }) => void (req.session.cart = ['tea']);
      const { device, client, knows, listed, log } = await withRegistry(
        { registry: { userAgent: true, label: label as () => string } },
        { fill },
      );
      const one = await device('ada', { 'user-agent': 'Browser' });
      expect(await knows(one)).toBe('ada');
      expect((await listed(one))[0]?.device).toEqual({ userAgent: 'Browser' });
      expect(log.errors.map(({ message }) => message).join()).toMatch(
        /No label was noted.*(No such browser|registry\.label answered)/,
      );
      // Nor a visitor from having a session.
      const visitor = client();
      expect((await visitor.read('/fill')).status).toBe(200);
      expect(visitor.cookies.size).toBe(1);
      expect(log.errors).toHaveLength(1);
    },
  );
});

import { describe, expect, it } from 'vitest';
import { StoreSetupError } from '../../core/store-setup.error.js';
import { checkServer } from './server-check.js';

/** INFO as a server writes it. */
function info(facts: Record<string, string | number>): string {
  const lines = Object.entries(facts).map(([name, value]) => `${name}:${value}`);
  return ['# Server', ...lines, ''].join('\r\n');
}

const SOUND = { redis_version: '7.0.15', role: 'master', maxmemory: 0, maxmemory_policy: 'noeviction' };

describe('what Redis says of itself', () => {
  it.each(['6.2.0', '6.10.1', '7.0.15', '8.4.0', '10.0.0', '255.255.255'])('takes version %s', (version) => {
    expect(() => checkServer(info({ ...SOUND, redis_version: version }), true)).not.toThrow();
  });

  it.each(['2.8.24', '5.0.14', '6.0.16'])('refuses version %s', (version) => {
    const check = () => checkServer(info({ ...SOUND, redis_version: version }), true);
    expect(check).toThrow(StoreSetupError);
    expect(check).toThrow(`works with Redis 6.2 and newer, and the server is Redis ${version}. Upgrade`);
  });

  it.each(['allkeys-lru', 'volatile-lru', 'volatile-ttl', 'allkeys-random'])('refuses %s', (policy) => {
    const facts = { ...SOUND, maxmemory: 1_000_000, maxmemory_policy: policy };
    const check = () => checkServer(info(facts), true);
    expect(check).toThrow(StoreSetupError);
    expect(check).toThrow(new RegExp(`${policy}.*logged out.*noeviction.*checkEviction: false`));
    expect(() => checkServer(info(facts), false)).not.toThrow();
  });

  it.each([
    ['a limit with noeviction', { maxmemory: 1_000_000 }],
    ['eviction without a limit', { maxmemory_policy: 'allkeys-lru' }],
  ])('takes %s', (_, facts) => {
    expect(() => checkServer(info({ ...SOUND, ...facts }), true)).not.toThrow();
  });

  it.each(['', 'something else', '# Server\r\n'])('takes a server that does not tell: %j', (text) => {
    expect(() => checkServer(text, true)).not.toThrow();
  });

  it('does not stop the application for a replica, which a failover may promote', () => {
    const check = () => checkServer(info({ ...SOUND, role: 'slave' }), true);
    expect(check).toThrow(/is a replica, which takes no writes/);
    expect(check).not.toThrow(StoreSetupError);
  });
});

import { StoreSetupError } from '../../core/store-setup.error.js';

const OLDEST = [6, 2] as const;

/**
 * Looks at what a server says of itself; what it does not say is taken for right.
 *
 * @throws {StoreSetupError} when it is too old, or may throw sessions away
 * @throws Error when it is a replica: a failover may make it the primary
 */
export function checkServer(info: string, checkEviction: boolean): void {
  const facts = new Map(
    info.split(/\r?\n/).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  const version = facts.get('redis_version');
  if (version !== undefined && isTooOld(version)) {
    throw new StoreSetupError(
      `RedisSessionStore works with Redis ${OLDEST.join('.')} and newer, and the server is Redis ${version}.`,
      'Upgrade the server.',
    );
  }
  const policy = facts.get('maxmemory_policy') ?? 'noeviction';
  if (checkEviction && Number(facts.get('maxmemory')) > 0 && policy !== 'noeviction') {
    throw new StoreSetupError(
      `The Redis server of RedisSessionStore has maxmemory-policy ${policy}: when its memory is full it throws sessions ` +
        'away, and whoever they belong to is logged out.',
      'Set maxmemory-policy to noeviction (CONFIG SET maxmemory-policy noeviction, and in its configuration), on a Redis ' +
        'that is no cache; or accept it with checkEviction: false.',
    );
  }
  if (facts.get('role') === 'slave') {
    throw new Error(
      'The Redis server of RedisSessionStore is a replica, which takes no writes. Connect to the primary, or let Sentinel ' +
        'or Cluster find it.',
    );
  }
}

function isTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

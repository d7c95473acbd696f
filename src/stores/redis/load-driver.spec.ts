import { describe, expect, it } from 'vitest';
import { loadDriver, type DriverLoaders } from './load-driver.js';

/** As Node reports a package that is not installed. */
function missing(name: string): () => Promise<never> {
  const error = new Error(`Cannot find package '${name}' imported from /app/index.js`);
  return () => Promise.reject(Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' }));
}

const broken = () => Promise.reject(new SyntaxError('Unexpected token'));
const ioredis: DriverLoaders['ioredis'] = () => import('ioredis');

describe('the driver of a store with a url', () => {
  it('is redis where both are installed', async () => {
    const driver = await loadDriver();
    expect(driver).toHaveProperty('redis.createClient');
    expect(driver).not.toHaveProperty('ioredis');
  });

  it('is ioredis where redis is not installed', async () => {
    expect(await loadDriver({ redis: missing('redis'), ioredis })).toHaveProperty('ioredis.Redis');
  });

  it('says how to install one where there is none', async () => {
    const loading = loadDriver({ redis: missing('redis'), ioredis: missing('ioredis') });
    await expect(loading).rejects.toThrow(/neither is installed.*npm install redis/);
  });

  it.each<[string, DriverLoaders]>([
    ['redis', { redis: broken, ioredis }],
    ['redis', { redis: missing('@redis/client'), ioredis }],
    ['ioredis', { redis: missing('redis'), ioredis: broken }],
  ])('does not hide that %s is installed and broken', async (name, loaders) => {
    await expect(loadDriver(loaders)).rejects.toThrow(`could not load the package ${name}`);
  });
});

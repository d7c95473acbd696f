/**
 * How often a test that stops, starves or kills real servers is tried again in CI, where it shares its machine with others. The
 * report says which were. Everything else, races above all, passes the first time or not at all.
 */
export const RETRIES = process.env['CI'] === 'true' ? 1 : 0;

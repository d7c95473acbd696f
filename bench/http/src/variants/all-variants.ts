import { cookieSessionVariants } from './cookie-session.js';
import { driverVariants } from './driver.js';
import { expressSessionVariants } from './express-session.js';
import { fastifySessionVariants } from './fastify-session.js';
import { nestSessionsVariants } from './nest-sessions.js';
import { noSessionVariants } from './no-session.js';
import type { Variant } from './variant.js';

const OWN: readonly Variant[] = [
  ...noSessionVariants,
  ...expressSessionVariants,
  ...cookieSessionVariants,
  ...fastifySessionVariants,
  ...nestSessionsVariants,
  ...driverVariants,
];

/** All variants, and those that a module of somebody else's adds (`variants` is its export). */
export async function allVariants(more: string | undefined): Promise<readonly Variant[]> {
  if (!more) {
    return OWN;
  }
  const { variants } = (await import(more)) as { readonly variants: readonly Variant[] };
  return [...OWN, ...variants];
}

/**
 * The variant of that name.
 *
 * @throws {Error} when there is none.
 */
export function variantNamed(variants: readonly Variant[], name: string): Variant {
  const found = variants.find((variant) => variant.name === name);
  if (found === undefined) {
    throw new Error(
      `There is no variant '${name}'. There are: ${variants.map((one) => one.name).join('; ')}`,
    );
  }
  return found;
}

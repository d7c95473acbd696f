import { StartError } from '../login-sample.js';

/**
 * Makes a client for the address that the environment gives, else for the usual one.
 *
 * @throws {StartError} when the address cannot be used. It does not repeat it: there may be a password in it.
 */
export function fromAddress<Client>(
  variable: string,
  usual: string,
  make: (address: string) => Client,
): Client {
  try {
    return make(process.env[variable] || usual);
  } catch (cause) {
    throw new StartError(`${variable} is no address that can be used. It looks like ${usual}.`, { cause });
  }
}

/** Something the person who starts the sample can put right; the message says how. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

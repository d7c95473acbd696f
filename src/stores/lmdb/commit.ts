/**
 * Waits until a write is on the disk, or says why it is not. True if its condition held.
 *
 * @throws Error when the commit failed; then nothing of it was stored.
 */
export async function committed(write: Promise<boolean>): Promise<boolean> {
  try {
    return await write;
  } catch (error) {
    throw await commitFailure(error);
  }
}

async function commitFailure(error: unknown): Promise<Error> {
  return new Error(
    'LmdbSessionStore could not commit a change; nothing of it was stored. Look at the cause: mostly the disk is full ' +
      'or cannot be written.',
    { cause: await reasonOf(error) },
  );
}

/**
 * lmdb puts the reason of a failed commit into a promise of its own that rejects. It must be awaited: left alone it would
 * end the process as an unhandled rejection.
 */
async function reasonOf(failure: unknown): Promise<unknown> {
  try {
    await (failure instanceof Error && 'commitError' in failure ? failure.commitError : undefined);
    return failure;
  } catch (error) {
    return error;
  }
}

/** What a store rejects with that was closed. */
export function askedAfterClose(store: string): Error {
  return new Error(
    `${store} was asked after close(). It closes with the application; ask it only before that.`,
  );
}

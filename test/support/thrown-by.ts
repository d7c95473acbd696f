/** What a call throws, as far as programs go by it; undefined when it does not throw. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) {
      const { name, message } = error;
      return { name, message, code: 'code' in error ? error.code : undefined };
    }
    return error;
  }
  return undefined;
}

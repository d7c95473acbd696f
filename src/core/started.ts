/** Starts some work; what it throws before there is a promise is a rejection like any other. */
export function started<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}

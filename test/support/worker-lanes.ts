/** Runs `total` rounds, at most `lanes` of them at once, and answers what went wrong in which, if anything did. */
export async function inLanes(
  total: number,
  lanes: number,
  round: (n: number, lane: number) => Promise<void>,
): Promise<string[]> {
  const wrong: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async (_unused, lane) => {
      // After some failures nothing new is to be learned, and each may have waited long.
      for (let n = next++; n < total && wrong.length < 20; n = next++) {
        try {
          await round(n, lane);
        } catch (error) {
          wrong.push(`${n}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }),
  );
  return wrong;
}

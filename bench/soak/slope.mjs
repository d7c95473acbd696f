// A straight line through samples, by least squares.

/** The slope, and half the width of its 95 % confidence interval: `undefined` for fewer than three points. */
export function slopeOf(points) {
  const count = points.length;
  if (count < 3) return undefined;
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / count;
  const middleX = mean(({ x }) => x);
  const middleY = mean(({ y }) => y);
  const spreadX = points.reduce((sum, { x }) => sum + (x - middleX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - middleX) * (y - middleY), 0) / spreadX;
  const errors = points.reduce((sum, { x, y }) => sum + (y - middleY - slope * (x - middleX)) ** 2, 0);
  return { slope, plusMinus: 1.96 * Math.sqrt(errors / (count - 2) / spreadX) };
}

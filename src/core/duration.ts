import ms from 'ms';

/**
 * A span of time: milliseconds, or a text such as `'30m'`, `'12h'`, `'14 days'`. What is no duration is refused at boot.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}` | (string & {});

/** The milliseconds of a duration; undefined when it is none. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') {
    return value;
  }
  if (typeof value !== 'string' || value.trim() === '' || value.length > 100) {
    return undefined;
  }
  // `ms` answers undefined for what it does not understand, whatever its types say.
  const parsed: number | undefined = ms(value as ms.StringValue);
  return parsed;
}

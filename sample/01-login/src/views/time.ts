const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const dateAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });

/** A date in words, in the time zone of the server, which it names. */
export function moment(date: Date): string {
  return dateAndTime.format(date);
}

/** How far away a date is, such as 'in 30 minutes'. */
export function distance(date: Date, now: Date): string {
  const ms = date.getTime() - now.getTime();
  if (Math.abs(ms) < MINUTE / 2) return 'just now';
  if (Math.abs(ms) < 2 * HOUR) return relative.format(Math.round(ms / MINUTE), 'minute');
  if (Math.abs(ms) < 2 * DAY) return relative.format(Math.round(ms / HOUR), 'hour');
  return relative.format(Math.round(ms / DAY), 'day');
}

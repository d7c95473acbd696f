// Loaded before an application: its clock is as many minutes ahead as the file says. Timers are left alone.
import { readFileSync } from 'node:fs';

const file = process.env['MINUTES_AHEAD_FILE'];
const trueNow = Date.now;
const now = () => trueNow() + Number(readFileSync(file, 'utf8')) * 60_000;

// A class of its own, since `new Date()` does not ask `Date.now()`.
globalThis.Date = class extends Date {
  constructor(...values) {
    super(...(values.length === 0 ? [now()] : values));
  }

  static now() {
    return now();
  }
};

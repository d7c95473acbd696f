/** The longest time that a timer of Node's can run, in milliseconds; a longer one fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

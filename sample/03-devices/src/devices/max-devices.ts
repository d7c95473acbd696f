/** On how many devices somebody can be logged in at once. */
export const MAX_DEVICES = 3;

import type { SessionId } from '../../core/record.js';

/**
 * What a record costs besides its texts: the entry and its boxed numbers, its places in the map and in the heap, the headers of
 * two texts. The map doubles as it grows, so that this is between the two. Measured by `bench/scale` with a million on Node 20.
 */
const OVERHEAD = 290;

const WIDE = /[\u0100-\uffff]/;

/** An estimate of the bytes of heap that a session takes: its id, and its record as one packed text. */
export function sizeOf(id: SessionId, text: string): number {
  return OVERHEAD + textSize(id) + textSize(text);
}

/** Whether a text needs two bytes a character: V8 takes one as long as every character fits into that. */
export function isWide(text: string): boolean {
  return WIDE.test(text);
}

function textSize(text: string): number {
  return isWide(text) ? 2 * text.length : text.length;
}

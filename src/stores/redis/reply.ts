import type { SessionRecord } from '../../core/record.js';
import { CORRUPT_RECORD } from '../../core/corrupt-record.js';
import { decodeRecord } from './record.codec.js';
import { ANSWER } from './scripts.js';

/** The text in an answer. A client can be set to give texts as buffers. */
export function textIn(answer: unknown): string | undefined {
  if (typeof answer === 'string') {
    return answer;
  }
  return Buffer.isBuffer(answer) ? answer.toString() : undefined;
}

/**
 * The record in an answer: the three texts of a hash, or a word for what there is instead. Absence is undefined; content that
 * is no record, and a key that is no hash, is a record that core takes for corrupt.
 *
 * @throws Error when a newer version of this package wrote the record, or the answer is none of these
 */
export function recordIn(answer: unknown): SessionRecord | undefined {
  if (Array.isArray(answer)) {
    const [header, fields, times] = [textIn(answer[0]), textIn(answer[1]), textIn(answer[2])];
    const isEmpty = header === undefined && fields === undefined && times === undefined;
    return isEmpty ? undefined : decodeRecord(header, fields, times);
  }
  switch (textIn(answer)) {
    case ANSWER.gone:
      return undefined;
    case ANSWER.alien:
      return CORRUPT_RECORD;
    default:
      throw new Error(
        'RedisSessionStore got an answer that its scripts never give. Check what stands between the application and Redis.',
      );
  }
}

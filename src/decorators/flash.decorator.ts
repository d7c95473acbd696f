import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { assertFlashType } from '../core/flash-message.js';
import { sessionOfContext } from '../http/execution-request.js';

type Pipe = Type<PipeTransform> | PipeTransform;

const fromFlash = createParamDecorator<string | undefined>((type, context: ExecutionContext) =>
  sessionOfContext(context).flash.take(type),
);

/**
 * The messages that `SessionService.flash()` left for this page, as a parameter: an array of `{ type, message }`, of one
 * type or of all, the oldest first. They are taken away, so that each is shown once. Loads the session if that has not
 * happened yet.
 *
 * A HEAD request and a browser's prefetch get none. They are data, which templates have to escape.
 *
 * @throws {SessionUnavailableException} when the messages could not be read or taken (503); they stay then
 *
 * @example
 * \@Get('cart')
 * \@Render('cart')
 * show(@Flash() messages: FlashMessage[]) {
 *   return { messages };
 * }
 *
 * @publicApi
 */
export function Flash(type: string, ...pipes: Pipe[]): ParameterDecorator;
export function Flash(...pipes: Pipe[]): ParameterDecorator;
export function Flash(first?: string | Pipe, ...pipes: Pipe[]): ParameterDecorator {
  if (first === undefined) {
    return fromFlash(undefined, ...pipes);
  }
  if (typeof first === 'string') {
    assertFlashType(first);
    return fromFlash(first, ...pipes);
  }
  return fromFlash(undefined, first, ...pipes);
}

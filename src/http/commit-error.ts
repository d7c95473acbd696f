import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';

/** Answers a client whose session could not be stored with the bare status: 503, or 500 for what cannot be stored. */
export function answerPlainly(error: unknown, _req: IncomingMessage, res: ServerResponse): void {
  const status = error instanceof HttpException ? error.getStatus() : 503;
  res.statusCode = status;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.end(STATUS_CODES[status]);
}

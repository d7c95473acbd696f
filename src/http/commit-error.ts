import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';

/** Answers a client whose session could not be stored with the bare status: 503, or 500 for what cannot be stored. */
export function answerPlainly(error: unknown, _req: IncomingMessage, res: ServerResponse): void {
  sendStatus(res, error instanceof HttpException ? error.getStatus() : 503);
}

/** A response that says its status and nothing else. */
export function sendStatus(res: ServerResponse, status: number): void {
  const text = STATUS_CODES[status] ?? String(status);
  res.statusCode = status;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  // Node leaves it out where one was removed before.
  res.setHeader('Content-Length', text.length);
  res.end(text);
}

import { Server } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

const GRACE_MS = 3_000;

/**
 * Gives the requests under way a moment at shutdown, then closes what is still open: browsers keep connections in
 * reserve that would hold the process for a minute.
 */
@Injectable()
export class LingeringConnections implements BeforeApplicationShutdown {
  constructor(private readonly host: HttpAdapterHost) {}

  beforeApplicationShutdown(): void {
    const server: unknown = this.host.httpAdapter.getHttpServer();
    if (server instanceof Server) setTimeout(() => server.closeAllConnections(), GRACE_MS).unref();
  }
}

import { fileURLToPath } from 'node:url';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';

const publicDir = fileURLToPath(new URL('../public', import.meta.url));

/** An application that serves the pages of the sample, with what protects them. */
export async function createWebApp(module: Type | DynamicModule): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(module, {
    logger: ['fatal', 'error', 'warn'],
    // A start that fails is told by us, once; what was logged on the way is printed when it succeeds.
    abortOnError: false,
    bufferLogs: true,
    autoFlushLogs: false,
  });
  protectPages(app);
  app.useStaticAssets(publicDir);
  app.enableShutdownHooks();
  return app;
}

/** Takes requests on the port, and answers which one that is when it was 0. */
export async function listen(app: NestExpressApplication, port: number): Promise<number> {
  try {
    await app.listen(port);
  } catch (error) {
    await app.close();
    throw error;
  }
  app.flushLogs();
  return portOf(app);
}

function protectPages(app: NestExpressApplication): void {
  app.enableCsrfProtection();
  app.useSecurityHeaders({
    // Over plain http, outside localhost, the CSRF check needs the Origin header, which 'no-referrer' would blank.
    referrerPolicy: { policy: 'same-origin' },
    contentSecurityPolicy: { directives: { styleSrc: "'self'", upgradeInsecureRequests: null } },
  });
}

function portOf(app: NestExpressApplication): number {
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string')
    throw new Error('The server does not listen on a port.');
  return address.port;
}

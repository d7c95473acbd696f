import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { AppConfig } from './config/app-config.js';
import { describeStart, describeStartFailure } from './terminal/start-message.js';

const publicDir = fileURLToPath(new URL('../public', import.meta.url));

async function start(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: ['fatal', 'error', 'warn'],
    // A start that fails is told by us, once; what was logged on the way is printed when it succeeds.
    abortOnError: false,
    bufferLogs: true,
    autoFlushLogs: false,
  });
  protectPages(app);
  app.useStaticAssets(publicDir);
  app.enableShutdownHooks();

  const config = app.get(AppConfig);
  try {
    await app.listen(config.port);
  } catch (error) {
    await app.close();
    throw error;
  }
  app.flushLogs();
  console.log(describeStart(portOf(app), config));
}

function protectPages(app: NestExpressApplication): void {
  app.enableCsrfProtection();
  app.useSecurityHeaders({
    // Over plain http, outside localhost, the CSRF check needs the Origin header, which 'no-referrer' would blank.
    referrerPolicy: { policy: 'same-origin' },
    contentSecurityPolicy: { directives: { styleSrc: "'self'", upgradeInsecureRequests: null } },
  });
}

/** The port that was taken, which the configuration does not tell when it asks for a free one. */
function portOf(app: NestExpressApplication): number {
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string')
    throw new Error('The server does not listen on a port.');
  return address.port;
}

try {
  await start();
} catch (error) {
  console.error(describeStartFailure(error));
  process.exitCode = 1;
}

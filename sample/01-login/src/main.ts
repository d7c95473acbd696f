import 'reflect-metadata';
import { AppModule } from './app.module.js';
import { AppConfig } from './config/app-config.js';
import { describeStartFailure } from './terminal/start-failure.js';
import { describeStart } from './terminal/start-message.js';
import { createWebApp, listen } from './web-app.js';

try {
  const app = await createWebApp(AppModule);
  const config = app.get(AppConfig);
  const port = await listen(app, config.port);
  console.log(describeStart(port, config));
} catch (error) {
  console.error(describeStartFailure(error));
  process.exitCode = 1;
}

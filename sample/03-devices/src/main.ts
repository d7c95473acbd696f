import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { AppModule } from './app.module.js';
import { AppConfig, createWebApp, describeStartFailure, listen } from './login-sample.js';
import { describeStart } from './terminal/start-message.js';

const publicDir = fileURLToPath(new URL('../public', import.meta.url));

try {
  const app = await createWebApp(AppModule);
  // Beside those of sample 1.
  app.useStaticAssets(publicDir);
  const port = await listen(app, app.get(AppConfig).port);
  console.log(describeStart(port));
} catch (error) {
  console.error(describeStartFailure(error));
  process.exitCode = 1;
}

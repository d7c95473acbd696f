import 'reflect-metadata';
import passport from 'passport';
import { AppModule } from './app.module.js';
import { AppConfig, createWebApp, describeStartFailure, listen } from './login-sample.js';
import { describeStart } from './terminal/start-message.js';

try {
  const app = await createWebApp(AppModule);
  // Finds req.session, which SessionModule has put in place before anything that is added here.
  app.use(passport.session());
  const config = app.get(AppConfig);
  const port = await listen(app, config.port);
  console.log(describeStart(port, config));
} catch (error) {
  console.error(describeStartFailure(error));
  process.exitCode = 1;
}

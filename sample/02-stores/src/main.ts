import 'reflect-metadata';
import { AppModule } from './app.module.js';
import { AppConfig, createWebApp, describeStartFailure, listen } from './login-sample.js';
import { chooseStore, type StoreChoice } from './sessions/store-choice.js';
import { describeStart } from './terminal/start-message.js';
import { explainStoreFailure } from './terminal/store-failure.js';

async function start(store: StoreChoice): Promise<void> {
  const app = await createWebApp(await AppModule.with(store));
  const port = await listen(app, app.get(AppConfig).port).catch((error: unknown) => {
    throw explainStoreFailure(error, store);
  });
  // One of two processes leaves it to both.ts, which started it, to say so.
  if (process.send) process.send('ready');
  else console.log(describeStart(store, [{ port, pid: process.pid }]));
}

// Whatever happened to both.ts, nothing of it stays behind.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));

try {
  await start(chooseStore(process.env['STORE']));
} catch (error) {
  console.error(describeStartFailure(error));
  // Without waiting for a client that may still try to connect.
  process.exit(1);
}

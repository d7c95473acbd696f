// One of several workers: a Nest application on the port that all share and on one of its own, so that a test can choose
// who answers. It runs the built package.
import 'reflect-metadata';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { All, Controller, Module, Param, Query, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SessionModule, SessionService } from '../../dist/esm/index.js';
import { makeStore } from './worker-stores.fixture.mjs';

/** What a request can ask for. */
const tasks = {
  login: ({ sessions, input: { data, keep } }) => sessions.login('ada', { data, keep }),
  logout: ({ sessions }) => sessions.logout(),
  regenerate: ({ sessions, input: { keep } }) => sessions.regenerate({ keep }),
  destroy: ({ req }) => new Promise((resolve) => req.session.destroy(resolve)),

  set: ({ sessions, input: { field, value } }) => sessions.set(field, value),
  delete: ({ sessions, input: { field } }) => sessions.delete(field),
  async save({ sessions, input: { field, value } }) {
    sessions.set(field, value);
    await sessions.save();
  },
  update: ({ sessions, input: { field, value } }) =>
    sessions.update((draft) => {
      draft[field] = value;
    }),
  touch: ({ req }) => req.session.touch(),
  hit: ({ sessions }) => sessions.update((draft) => (draft.count = (draft.count ?? 0) + 1)),
  mark: ({ sessions, input: { mark } }) =>
    sessions.update((draft) => {
      draft.marks = [...(draft.marks ?? []), mark];
    }),
  look: ({ sessions }) => ({ principal: sessions.principal, fields: { ...sessions.fields } }),

  /** Which of these session ids have a record, whatever that is. */
  async stored({ req }) {
    const ids = JSON.parse(await text(req));
    const records = await store.readMany(ids);
    return ids.filter((_id, index) => records[index] !== undefined);
  },
  events: () => events,
};

const { options, ...config } = JSON.parse(process.env.WORKER_CONFIG);
const store = await makeStore(config.store);
const events = {};

class TaskController {
  constructor(sessions) {
    this.sessions = sessions;
  }

  /** Does a task; with `wait` not before the request's body has ended, which the client is told by an answer 102. */
  async run(task, { input = '{}', wait }, req, res) {
    res.setHeader('x-worker', process.pid);
    if (wait !== undefined) {
      res.writeProcessing();
      await text(req);
    }
    const result = await tasks[task]({ sessions: this.sessions, input: JSON.parse(input), req });
    return { result };
  }
}

// What the compiler makes of decorators.
const { prototype } = TaskController;
Reflect.defineMetadata('design:paramtypes', [SessionService], TaskController);
[Param('task'), Query(), Req(), Res({ passthrough: true })].forEach((decorate, index) =>
  decorate(prototype, 'run', index),
);
All(':task')(prototype, 'run', Object.getOwnPropertyDescriptor(prototype, 'run'));
Controller()(TaskController);

class AppModule {}
Module({
  controllers: [TaskController],
  imports: [
    SessionModule.forRoot({
      secret: '0123456789abcdef0123456789abcdef',
      store,
      onEvent: ({ type }) => (events[type] = (events[type] ?? 0) + 1),
      ...options,
    }),
  ],
})(AppModule);

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], bodyParser: false });
// In a worker of a cluster, every process that asks for port 0 gets the same one.
await app.listen(0, '127.0.0.1');
const own = createServer(app.getHttpAdapter().getInstance());
for (const server of [own, app.getHttpServer()]) {
  server.keepAliveTimeout = 0; // a connection that is closed while the test uses it again would look like a failure
}
own.listen({ port: 0, host: '127.0.0.1', exclusive: true });
await once(own, 'listening');

process.on('message', async (message) => {
  if (message === 'close') {
    own.closeAllConnections();
    own.close();
    await app.close();
    process.exit();
  }
});
process.send({ pid: process.pid, port: own.address().port, shared: app.getHttpServer().address().port });

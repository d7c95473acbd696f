// Starts the application in two processes, on two ports, and stops them together.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describeStartFailure } from './login-sample.js';
import { chooseStore } from './sessions/store-choice.js';
import { describeStart, type Place } from './terminal/start-message.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const FIRST_PORT = 3000;

const running = new Set<ChildProcess>();
let isStopping = false;

/** Starts a process and waits until it takes requests. One that cannot says why by itself, and is no place. */
async function launch(port: number, otherPort: number): Promise<Place | undefined> {
  const env = { ...process.env, PORT: String(port), OTHER_PORT: String(otherPort) };
  const child = fork(MAIN, { env });
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  const isReady = await Promise.race([once(child, 'message').then(() => true), ended.then(() => false)]);
  if (!isReady || child.pid === undefined) return undefined;
  void ended.then(() => tellEnd(port));
  return { port, pid: child.pid };
}

function tellEnd(port: number): void {
  if (isStopping) return;
  const rest = running.size > 0 ? ' The other one goes on.' : '';
  console.log(`  The process on port ${port} has ended.${rest}`);
}

async function stop(signal: NodeJS.Signals): Promise<void> {
  isStopping = true;
  await Promise.all(
    [...running].map((child) => {
      const ended = once(child, 'exit');
      child.kill(signal);
      return ended;
    }),
  );
}

async function start(): Promise<void> {
  const store = chooseStore(process.env['STORE']);
  const first = Number(process.env['PORT'] || FIRST_PORT);
  const second = Number(process.env['SECOND_PORT'] || first + 1);
  const places: Place[] = [];
  // One after the other, so that what hinders both is told once.
  for (const [port, otherPort] of [
    [first, second],
    [second, first],
  ] as const) {
    const place = await launch(port, otherPort);
    if (place === undefined) {
      process.exitCode = 1;
      return stop('SIGTERM');
    }
    places.push(place);
  }
  console.log(describeStart(store, places));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Once: the second time it ends this process, as it does by default.
  process.once(signal, () => {
    stop(signal).finally(() => process.kill(process.pid, signal));
  });
}

try {
  await start();
} catch (error) {
  console.error(describeStartFailure(error));
  process.exitCode = 1;
  await stop('SIGTERM');
}

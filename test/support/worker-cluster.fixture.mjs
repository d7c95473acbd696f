// The primary of a cluster: starts the workers that its parent asks for, tells where each listens, and ends them.
import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';

const configs = JSON.parse(process.env.CLUSTER_CONFIG);
cluster.setupPrimary({ exec: fileURLToPath(new URL('./worker-app.fixture.mjs', import.meta.url)) });

const listening = configs.map((config) => {
  const worker = cluster.fork({ WORKER_CONFIG: JSON.stringify(config), CLUSTER_CONFIG: '' });
  return new Promise((resolve) => worker.once('message', resolve));
});

process.on('message', (message) => {
  if (message === 'close') {
    Object.values(cluster.workers).forEach((worker) => worker.send('close'));
  }
});

let left = configs.length;
cluster.on('exit', (_worker, code, signal) => {
  if (code !== 0) {
    console.error(`A worker ended with ${signal ?? code}.`);
    process.exitCode = 1;
  }
  if (--left === 0) {
    process.disconnect?.();
  }
});

// A parent that is gone can neither be told nor end the workers.
process.on('disconnect', () => process.exit());

process.send(await Promise.all(listening));

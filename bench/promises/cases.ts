import { setTimeout as pause } from 'node:timers/promises';
import { deferred } from '../../test/support/deferred.js';
import type { PeerApp } from './app.js';
import type { Peer } from './peers.js';
import { NeverAnswered, Visitor } from './visitor.js';

/** One way in which sessions break, brought about by force. */
export interface Case {
  readonly name: string;
  /** What counts as broken. */
  readonly broken: string;
  /** How often it is tried, and how many of these at once. */
  readonly rounds: number;
  readonly together: number;
  /** Whether it broke this time; `key` is of this round only. */
  run(app: PeerApp, peer: Peer, key: string): Promise<boolean>;
}

/** Milliseconds after which an answer counts as one that never comes. */
const NEVER = 2_000;

export const CASES: readonly Case[] = [
  {
    name: 'logout while a request writes',
    broken: 'the user is logged in again',
    rounds: 200,
    together: 10,
    async run(app, _peer, key) {
      const visitor = await Visitor.loggedIn(app.url);
      const old = visitor.copy();
      const gate = app.gate(key);
      const writing = visitor.copy().get(`/set?gate=${key}`);
      await gate.arrived.promise;
      await visitor.get('/logout');
      gate.released.resolve();
      await writing;
      return (await old.shown()).user !== undefined;
    },
  },
  {
    name: 'logout while a request only reads',
    broken: 'the user is logged in again, or does not get the page',
    rounds: 200,
    together: 20,
    async run(app, _peer, key) {
      const visitor = await Visitor.loggedIn(app.url);
      const old = visitor.copy();
      const gate = app.gate(key);
      const page = visitor.copy().get(`/read?gate=${key}`, NEVER);
      const isShown = page.then(({ text }) => text === 'hello ada').catch(() => false);
      await gate.arrived.promise;
      await visitor.get('/logout');
      gate.released.resolve();
      return !(await isShown) || (await old.shown()).user !== undefined;
    },
  },
  {
    name: 'two tabs change different fields',
    broken: 'one of the changes is lost',
    rounds: 200,
    together: 10,
    async run(app, _peer, key) {
      const visitor = await Visitor.loggedIn(app.url);
      const gates = [app.gate(`${key}a`), app.gate(`${key}b`)];
      const tabs = [
        visitor.copy().get(`/set?name=a&gate=${key}a`),
        visitor.copy().get(`/set?name=b&gate=${key}b`),
      ];
      await Promise.all(gates.map(({ arrived }) => arrived.promise));
      gates.forEach(({ released }) => released.resolve());
      await Promise.all(tabs);
      const { a, b } = await visitor.shown();
      return a === undefined || b === undefined;
    },
  },
  {
    name: 'redirect after a change',
    broken: 'the next page does not have the change',
    rounds: 200,
    together: 1,
    async run(app, peer) {
      const visitor = await Visitor.loggedIn(app.url);
      const landed = deferred('the next page');
      // The store is slow with this one write: until the next page was shown, or a tenth of a second at most.
      peer.hold.beforeWrite = () => Promise.race([landed.promise, pause(100)]);
      try {
        const redirect = await visitor.head('/set-and-go', NEVER);
        const { a } = await visitor.shown();
        landed.resolve();
        redirect.resume();
        return a === undefined;
      } finally {
        letWritesPass(peer);
      }
    },
  },
  {
    name: 'the store cannot take the change',
    broken: 'the client is told that all went well',
    rounds: 200,
    together: 1,
    async run(app, peer) {
      const visitor = await Visitor.loggedIn(app.url);
      peer.hold.beforeWrite = () => Promise.reject(new Error('the disk is full'));
      try {
        return (await visitor.get('/set')).status === 200;
      } finally {
        letWritesPass(peer);
      }
    },
  },
  {
    name: 'a value that JSON cannot hold',
    broken: 'the answer never comes',
    rounds: 40,
    together: 20,
    async run(app) {
      const visitor = await Visitor.loggedIn(app.url);
      return !(await isAnswered(visitor.get('/huge', NEVER)));
    },
  },
];

function letWritesPass(peer: Peer): void {
  peer.hold.beforeWrite = () => Promise.resolve();
}

/** False when the answer did not come in time; a connection that is cut off is an answer too. */
function isAnswered(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => true,
    (error: unknown) => !(error instanceof NeverAnswered),
  );
}

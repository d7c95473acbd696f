// The clients of all servers, in a process of its own.
import { answerParent } from '../child-channel.js';
import type { Work } from '../works.js';
import { Crowd, type CrowdPlan } from './crowd.js';
import { stayAwake } from './stay-awake.js';

const crowds = new Map<string, Crowd>();

/** What the clients are asked; `name` says which of the crowds. */
export const loadOperations = {
  /** Brings a crowd to a server and logs it in. Answers why the sessions do not fit, where they do not. */
  async enter({ name, plan }: { readonly name: string; readonly plan: CrowdPlan }) {
    const crowd = new Crowd(plan);
    crowds.set(name, crowd);
    return crowd.enter();
  },
  /** Lets it work for so many milliseconds. */
  async work({ name, work, milliseconds }: { name: string; work: Work; milliseconds: number }) {
    const sleep = stayAwake();
    try {
      return await crowdNamed(name).work(work, milliseconds);
    } finally {
      sleep();
    }
  },
  /** Whether the work has left behind what it should have. */
  verify: ({ name, work }: { readonly name: string; readonly work: Work }) => crowdNamed(name).verify(work),
  async leave({ name }: { readonly name: string }) {
    await crowdNamed(name).leave();
    crowds.delete(name);
  },
};

export type LoadOperations = typeof loadOperations;

function crowdNamed(name: string): Crowd {
  const crowd = crowds.get(name);
  if (crowd === undefined) {
    throw new Error(`there is no crowd '${name}'`);
  }
  return crowd;
}

answerParent(loadOperations);

import { type Answer, succeeds, Visitor } from './visitor.js';

/** One visitor after another comes, counts a few times, and every other one leaves. */
export function comingAndGoing(url: string, all: Visitor[]): () => Promise<Answer> {
  let visitor = new Visitor(url);
  let steps = 0;
  return async () => {
    if (steps === 5) {
      visitor = new Visitor(url);
      steps = 0;
    }
    steps += 1;
    if (steps === 1) {
      const answer = await visitor.count();
      if (answer.status === 200) {
        all.push(visitor);
      } else {
        steps = 5; // nothing was promised: the next one
      }
      return answer;
    }
    return steps === 5 && all.length % 2 === 0 ? visitor.leave() : visitor.count();
  };
}

/** What was acknowledged to visitors and is not so: a count that is lost, a session that came back after its logout. */
export async function brokenPromises(url: string, visitors: readonly Visitor[]): Promise<object[]> {
  const broken: object[] = [];
  for (const { client, acknowledged, asked, state } of visitors) {
    const again = new Visitor(url);
    client.cookies.forEach((value, name) => again.client.cookies.set(name, value));
    const { count = -1 } = await succeeds(() => again.get('/look'));
    // What was not acknowledged may have been done nevertheless.
    const isKept = count >= acknowledged && count <= asked;
    if ((state === 'here' && !isKept) || (state === 'gone' && count !== 0)) {
      broken.push({ state, count, acknowledged, asked });
    }
  }
  return broken;
}

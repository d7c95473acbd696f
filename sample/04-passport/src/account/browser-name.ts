import type { IncomingMessage } from 'node:http';

// The first that matches: most browsers name others as well, to be let in where those are.
const BROWSERS = [/(Edg)\//, /(OPR)\//, /(Firefox)\//, /(Chrome)\//, /(Safari)\//, /(curl)\//];
const SYSTEMS = [/(Android)/, /(iPhone|iPad)/, /(Windows)/, /(Mac OS X)/, /(Linux)/];
const NAMES: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'macOS' };

/** What somebody would call the browser that a request is from, such as 'Firefox on Linux'. It is what the browser says. */
export function browserName({ headers }: IncomingMessage): string {
  const agent = headers['user-agent'] ?? '';
  const [browser, system] = [BROWSERS, SYSTEMS].map((patterns) => firstName(agent, patterns));
  return [browser ?? 'Unknown browser', system].filter(Boolean).join(' on ');
}

function firstName(agent: string, patterns: readonly RegExp[]): string | undefined {
  const found = patterns.map((pattern) => pattern.exec(agent)?.[1]).find((name) => name !== undefined);
  return found && (NAMES[found] ?? found);
}

// The soak's application in a process of its own: commands by its standard input, answers by its standard output.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('server.mjs', import.meta.url));

function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds} ms.`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export class ServerProcess {
  #child;
  #waiting = new Map();
  #ended;

  constructor(environment) {
    this.#child = spawn(process.execPath, ['--expose-gc', SCRIPT], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const [[name, value], ...others] = Object.entries(JSON.parse(line));
      this.#waiting.get(name)?.({ value, ...Object.fromEntries(others) });
    });
  }

  /** Waits for a line of this name. */
  #line(name, limit) {
    const line = new Promise((resolve) => {
      this.#waiting.set(name, resolve);
    });
    const ended = this.#ended.then((how) => {
      throw new Error(`The server ended before it said ${name}: ${JSON.stringify(how)}`);
    });
    return within(limit, name, Promise.race([line, ended]));
  }

  ready = () => this.#line('ready', 30_000);

  async ask(command, name = command) {
    const line = this.#line(name, 60_000);
    this.#child.stdin.write(`${command}\n`);
    return (await line).value;
  }

  /** Whether it ended by itself; one that does not is killed. */
  async endsByItself(limit) {
    try {
      const { code } = await within(limit, 'The end', this.#ended);
      return code === 0;
    } catch {
      this.kill();
      return false;
    }
  }

  kill() {
    this.#child.kill('SIGKILL');
  }
}

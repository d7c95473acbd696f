import { hasPinning } from '../pinning.js';

/**
 * Keeps this process awake until the answered function is called. Who writes to a process that sleeps on another core has to wake that
 * core, which takes it 20 µs and more on a virtual machine, and how often it comes to that depends on how the answers happen to fall.
 * That belongs to no session. Where clients and server share their cores it would only be in the way.
 */
export function stayAwake(): () => void {
  let isOver = !hasPinning();
  const turn = (): void => {
    if (!isOver) {
      setImmediate(turn);
    }
  };
  turn();
  return () => {
    isOver = true;
  };
}

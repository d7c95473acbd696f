import { putCalls } from './gate-calls.js';
import { isPrepared } from './prepared-response.js';
import { ResponseGate } from './response-gate.js';
import { GATE, type GatedResponse, type GateSession } from './response-gate.types.js';

/** Whether a response is one: engine.io hands middleware a stand-in on an upgrade. */
export function canBeGated(res: unknown): res is GatedResponse {
  return (
    typeof res === 'object' &&
    res !== null &&
    (isPrepared(res) || ('appendHeader' in res && 'flushHeaders' in res && 'headersSent' in res))
  );
}

/** Puts a gate on a response. */
export function installGate(res: GatedResponse, session: GateSession): void {
  res[GATE] = new ResponseGate(res, session);
  putCalls(res);
}

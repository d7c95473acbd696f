import { putCalls, SENDING_CALLS } from './gate-calls.js';
import { isPrepared, isUntouched } from './prepared-response.js';
import { ResponseGate } from './response-gate.js';
import { GATE, type GatedResponse, type GateSession } from './response-gate.types.js';
import { HEADER_CALLS } from './response-shadow.js';

const GATED_CALLS = { ...SENDING_CALLS, ...HEADER_CALLS };

/** Whether a response is one: engine.io hands middleware a stand-in on an upgrade. */
export function canBeGated(res: unknown): res is GatedResponse {
  return (
    typeof res === 'object' &&
    res !== null &&
    (isPrepared(res) || ('appendHeader' in res && 'flushHeaders' in res && 'headersSent' in res))
  );
}

/** Puts a gate on a response: within the calls that it was prepared with, or above what is there. */
export function installGate(res: GatedResponse, session: GateSession): void {
  if (isPrepared(res) && isUntouched(res)) {
    res[GATE] = new ResponseGate(res, session, GATED_CALLS);
  } else {
    res[GATE] = new ResponseGate(res, session);
    putCalls(res);
  }
}

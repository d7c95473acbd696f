import { Exchange } from './exchange.js';
import { putCalls, SENDING_CALLS } from './gate-calls.js';
import { isUntouched } from './prepared-response.js';
import { ResponseGate } from './response-gate.js';
import type { GatedResponse, GateSession } from './response-gate.types.js';
import { HEADER_CALLS } from './response-shadow.js';

const GATED_CALLS = { ...SENDING_CALLS, ...HEADER_CALLS };

/** Whether a response is one: engine.io hands middleware a stand-in on an upgrade. */
export function canBeGated(res: unknown): res is GatedResponse {
  return (
    typeof res === 'object' &&
    res !== null &&
    (Exchange.of(res)?.response === res ||
      ('appendHeader' in res && 'flushHeaders' in res && 'headersSent' in res))
  );
}

/** Puts a gate on the response of an exchange: within the calls that it was prepared with, or above what is there. */
export function installGate(exchange: Exchange, res: GatedResponse, session: GateSession): void {
  if (exchange.isPrepared && exchange.response === res && isUntouched(res)) {
    exchange.gate = new ResponseGate(res, session, GATED_CALLS);
    return;
  }
  // A response may have been prepared for another request than the one that it comes with here, and a request with another response:
  // each response keeps its own gate.
  const own = Exchange.of(res) ?? (exchange.response === undefined ? exchange : new Exchange());
  own.join(res);
  own.response ??= res;
  own.gate = new ResponseGate(res, session);
  putCalls(res);
}

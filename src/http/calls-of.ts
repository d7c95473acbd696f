import { gateOf } from './exchange.js';
import type { AnyFunction, Call, GatedCall, GatedResponse } from './response-gate.types.js';

/** What a gate makes of calls, as functions that can be put on its response. */
export function callsOf<Name extends Call>(
  gated: Readonly<Record<Name, GatedCall>>,
): Readonly<Record<Name, AnyFunction>> {
  const calls = Object.entries<GatedCall>(gated).map(([name, call]) => [
    name,
    function (this: GatedResponse, ...args: unknown[]): unknown {
      const gate = gateOf(this);
      return gate && call(gate, this, args);
    },
  ]);
  return Object.fromEntries(calls) as Readonly<Record<Name, AnyFunction>>;
}

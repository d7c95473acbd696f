import type { Clock } from './clock.js';
import type { Held } from './held.js';
import { limitOf } from './lifetime.js';
import { about, type Emit } from './session-event.js';
import type { StoreGateway } from './store-gateway.js';

/** Ends sessions whose time is found to be up. */
export class ExpiredSessions {
  constructor(
    private readonly gateway: StoreGateway,
    private readonly clock: Clock,
    private readonly emit: Emit,
  ) {}

  /** Removes what is over, so that no late touch can make it valid again. Of several who find it, one tells. */
  async end({ id, record }: Held): Promise<undefined> {
    const removed = await this.gateway.remove(id).catch(() => undefined);
    if (removed !== undefined) {
      this.emit({ type: 'ended', reason: limitOf(record, this.clock.now()), ...about(record) });
    }
  }
}

import type { Clock } from './clock.js';
import type { Held } from './held.js';
import { limitOf } from './lifetime.js';
import { isIndexId } from './principal-index.js';
import type { SessionId } from './record.js';
import type { ForgottenRecord } from './reporting-store.js';
import { about, type Emit, type EndReason } from './session-event.js';
import type { StoreGateway } from './store-gateway.js';

/** Ends sessions whose time is found to be up, and tells of those that the store ends by itself. */
export class ExpiredSessions {
  constructor(
    private readonly gateway: StoreGateway,
    private readonly clock: Clock,
    private readonly emit: Emit,
  ) {}

  /**
   * Removes what is over, so that no late touch can make it valid again. Of several who find it, the one who removes it tells.
   *
   * @param lastSeenAt its last activity, where that is not written down
   */
  async end({ id, record }: Held, lastSeenAt = record.lastSeenAt): Promise<undefined> {
    const removed = await this.gateway.remove(id).catch(() => undefined);
    if (removed !== undefined) {
      this.#tell(id, removed, limitOf({ ...record, lastSeenAt }, this.clock.now()));
    }
  }

  /** Tells of what the store removes by itself from now on; answers what stops it. */
  watch(): () => void {
    return this.gateway.onForgotten(({ id, record, why }) => {
      this.#tell(id, record, why === 'full' ? 'evicted' : limitOf(record, this.clock.now()));
    });
  }

  /** Forwards, what the index keeps, and what was no record are no sessions. */
  #tell(id: SessionId, record: ForgottenRecord, reason: EndReason): void {
    if (record.next === undefined && record.handle !== '' && !isIndexId(id)) {
      this.emit({ type: 'ended', reason, ...about(record) });
    }
  }
}

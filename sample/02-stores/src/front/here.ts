import type { StoreChoice } from '../sessions/store-choice.js';

/** Which process answers, and where it keeps its sessions. */
export interface Here {
  readonly port: number;
  readonly pid: number;
  readonly store: StoreChoice;
  /** The same application in another process, if there is one. */
  readonly other: { readonly port: string; readonly url: string } | undefined;
}

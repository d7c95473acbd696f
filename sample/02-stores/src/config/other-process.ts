/** The same application in another process, if there is one; also the token by which it is injected. */
export class OtherProcess {
  /** @param port where it listens; undefined when this process runs alone. */
  constructor(readonly port: string | undefined) {}
}

export { fakeClock, type FakeClock } from './fake-clock.js';
export { storeContract } from './store-contract.js';
export type { ContractRunner, ContractSubject, StoreContractOptions } from './contract/subject.js';

import { KITS } from './kits.js';
import { describeExpressStore } from './store-suite.js';

await describeExpressStore(KITS.mysql);

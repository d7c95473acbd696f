// Damages the soak's application: it leaves a descriptor open.
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function afterClose() {
  openSync(fileURLToPath(import.meta.url), 'r');
}

// Damages the soak's application: it leaves a timer behind, which keeps its process alive.
export function afterClose() {
  setInterval(() => undefined, 1_000);
}

// Damages the soak's application: one page answers with somebody else.
export function beforeListen(app) {
  app.use('/read', (_req, res) => res.json({ count: 0, who: 'somebody else' }));
}

/** The account that is there from the start; it is printed at start and shown beside the form. */
export const DEMO_ACCOUNT = {
  email: 'ada@example.com',
  password: 'correct horse battery staple',
} as const;

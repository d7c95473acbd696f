/** What the application of the bench keeps in a session, beside what only makes it larger. */
export interface PageFields {
  /** Whose session it is; the page that reads one field answers it. */
  owner?: string;
  /** The page that writes one field puts it here. */
  note?: string;
}

/** What somebody is told who has no session. */
export const NOBODY = 'nobody';

const fillings = new Map<number, Record<string, unknown>>();

/** The fields of a session of about this many bytes of JSON. */
export function sessionFields(owner: string, bytes: number): PageFields & Record<string, unknown> {
  let filling = fillings.get(bytes);
  if (filling === undefined) {
    filling = fillingOf(bytes);
    fillings.set(bytes, filling);
  }
  return { owner, note: 'none', ...filling };
}

/** Fields as an application has them: some small, some objects, some lists of objects. */
function fillingOf(bytes: number): Record<string, unknown> {
  const fields: Record<string, unknown> = { email: 'ada@example.com', role: 'admin' };
  const length = () => JSON.stringify({ owner: 'client 00', note: 'none', ...fields }).length;
  for (let n = 0; length() < bytes; n++) {
    fields[`field${n}`] = FILLINGS[n % FILLINGS.length]?.(n);
  }
  return fields;
}

const FILLINGS: readonly ((n: number) => unknown)[] = [
  (n) => ({ theme: 'dark', language: 'en', perPage: 20 + n, columns: ['name', 'price', 'stock'] }),
  (n) => `the ${n}th thing that this person was looking for`,
  (n) => [thing(n), thing(n + 1), thing(n + 2)],
  (n) => ({ street: `${n} Long Street`, zip: '12345', city: 'Springfield', isDefault: n === 3 }),
];

function thing(n: number): object {
  return { id: n, name: `Thing number ${n}`, tags: ['a', 'b'], price: n * 1.5 };
}

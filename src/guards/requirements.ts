import type { FieldPredicate, FieldValues, Requirement } from './access.js';

type Fields = Readonly<Record<string, unknown>>;

/** Whether a field is there and says yes: a missing, empty or false one does not. */
export function hasField(fields: Fields, name: string): boolean {
  return Boolean(fields[name]);
}

/** Whether fields meet what is asked for. */
export async function meets(fields: Fields, requirement: Requirement): Promise<boolean> {
  if (typeof requirement === 'string') {
    return hasField(fields, requirement);
  }
  if (isPredicate(requirement)) {
    return (await requirement(fields)) === true;
  }
  return hasValues(fields, requirement);
}

function isPredicate(requirement: Requirement): requirement is FieldPredicate {
  return typeof requirement === 'function';
}

function hasValues(fields: Fields, values: FieldValues): boolean {
  return Object.entries(values).every(([name, wanted]: [string, unknown]) => {
    const value = fields[name];
    return value !== undefined && (Array.isArray(wanted) ? wanted.includes(value) : value === wanted);
  });
}

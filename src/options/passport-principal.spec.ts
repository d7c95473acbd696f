import { describe, expect, it } from 'vitest';
import { passportPrincipal } from './passport-principal.js';

const told = passportPrincipal();

describe('passportPrincipal()', () => {
  it.each([
    [{}],
    [{ passport: null }],
    [{ passport: 'ada' }],
    [{ passport: {} }],
    [{ passport: { user: undefined } }],
    [{ passport: { user: null } }],
    [{ passport: { user: false } }],
    [{ passport: { user: '' } }],
  ])('finds nobody in %j', (fields) => {
    expect(told(fields)).toBeUndefined();
  });

  it.each([
    ['ada', 'ada'],
    [7, '7'],
    [0, '0'],
    [-1.5, '-1.5'],
    [{ toJSON: () => 'hex' }, 'hex'],
  ])('makes %j the principal %j', (user, principal) => {
    expect(told({ passport: { user } })).toBe(principal);
  });

  it.each([
    [{ id: 7 }, /is an object/],
    [['ada'], /is a list/],
    [true, /is a boolean/],
    [7n, /is a bigint/],
    [Number.POSITIVE_INFINITY, /is a number/],
    [{ big: 7n }, /cannot be stored as JSON/],
  ])('refuses %o, and says what to do', (user, message) => {
    const call = () => told({ passport: { user } });
    expect(call).toThrow(message);
    expect(call).toThrow(/passportPrincipal\(\(user\) => user\.id\)/);
  });

  it('asks the function about the user as JSON has it, before and after it was stored', () => {
    const byId = passportPrincipal((user: { id?: string | number }) => user.id);
    const user = { id: { toJSON: () => 'hex' }, name: 'Ada' };
    expect(byId({ passport: { user } })).toBe('hex');
    expect(byId({ passport: { user: JSON.parse(JSON.stringify(user)) } })).toBe('hex');
    expect(byId({ passport: { user: { id: 7 } } })).toBe('7');
    expect(byId({ passport: { user: {} } })).toBeUndefined();
    expect(byId({})).toBeUndefined();
  });

  it('refuses what the function gives, where that is no id', () => {
    const byObject = passportPrincipal((user: { id: unknown }) => user.id as string);
    expect(() => byObject({ passport: { user: { id: { of: 7 } } } })).toThrow(/has an object for an id/);
  });
});

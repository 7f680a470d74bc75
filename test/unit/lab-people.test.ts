import { describe, expect, it } from 'vitest';
import { generatePeople } from '../lab/people.ts';

describe('people', () => {
  const people = generatePeople({ count: 3_000 });

  it('are the same for the same seed, and others for another', () => {
    expect(generatePeople({ count: 3_000 })).toEqual(people);
    expect(generatePeople({ count: 50, seed: 7 })).not.toEqual(people.slice(0, 50));
  });

  it('do not change when there are more of them', () => {
    expect(generatePeople({ count: 40 })).toEqual(people.slice(0, 40));
  });

  it.each(['login', 'mail', 'displayName', 'extension', 'employeeId'] as const)('have a unique %s', (field) => {
    const folded = people.map((person) => person[field].normalize('NFC').toLowerCase());
    expect(new Set(folded).size).toBe(people.length);
  });

  it('have logins that Active Directory takes, and addresses that belong to nobody', () => {
    for (const person of people) {
      expect(person.login).toMatch(/^[a-z]+\d+$/);
      expect(person.login.length).toBeLessThanOrEqual(20);
      expect(person.mail).toMatch(/@example\.test$/);
    }
  });

  it('have names that need care: apostrophes, combining marks, other scripts', () => {
    const names = people.map((person) => person.displayName).join('\n');
    expect(names).toMatch(/O'Neill/);
    expect(names).toMatch(/\u0301/);
    expect(names).toMatch(/王/);
    expect(names).toMatch(/Łukasz/);
  });

  it('report to somebody who is there before them', () => {
    for (const { index, managerIndex } of people) {
      if (index === 0) expect(managerIndex).toBeUndefined();
      else expect(managerIndex).toBeLessThan(index);
    }
  });
});

// Whom the story is about: picked from the invented people, the same at every run.

import type { DemoReady } from './demo-protocol.ts';
import type { Systems } from './demo-story-systems.ts';
import type { Person } from './people.ts';

export type DemoPerson = DemoReady['people'][number] & Pick<Person, 'index'>;

export interface Cast {
  /** A supervisor with an account in each system. */
  readonly isInAllThree: DemoPerson;
  readonly marries: DemoPerson;
  readonly leaves: DemoPerson;
  /** On UCCX too. */
  readonly hasLocalExtension: DemoPerson;
  readonly isOnLoan: DemoPerson;
  /** Goes on working on UCCE. */
  readonly leavesUccx: DemoPerson;
}

/** People with an active account and a name in Latin letters. */
export function castOf({ staff, directory }: Pick<Systems, 'staff' | 'directory'>): Cast {
  const onUccx = new Set(staff.uccxPeople.map(({ person }) => person.index));
  const onUcce = new Set(staff.uccePeople.map(({ person }) => person.index));
  const fit = staff.people.filter(isFit);
  const agents = fit.filter(({ rank }) => rank === 'agent');
  // Letters that every terminal can show come first.
  agents.sort((one, other) => Number(isPlain(other)) - Number(isPlain(one)) || one.index - other.index);
  const onUcceOnly = agents.filter(({ index }) => onUcce.has(index) && !onUccx.has(index));
  const onBoth = ({ index }: Person): boolean => onUccx.has(index) && onUcce.has(index);
  const chosen = (person: Person | undefined): DemoPerson => {
    const found = directory.facts.people.find(({ login }) => login === person?.login);
    if (person === undefined || found === undefined) throw new Error('the demo has too few people with Latin names');
    return { ...found, index: person.index };
  };
  const [firstOnBoth, secondOnBoth] = agents.filter(onBoth);
  return {
    isInAllThree: chosen(fit.find((person) => person.rank !== 'agent' && onBoth(person))),
    marries: chosen(onUcceOnly[0]),
    leaves: chosen(onUcceOnly[1]),
    isOnLoan: chosen(onUcceOnly[2]),
    hasLocalExtension: chosen(firstOnBoth),
    leavesUccx: chosen(secondOnBoth),
  };
}

const isFit = ({ index, givenName, familyName }: Person): boolean =>
  index % 33 !== 7 &&
  index % 97 !== 41 &&
  index % 50 !== 23 &&
  index % 40 !== 39 &&
  /^[\p{Script=Latin} '-]+$/u.test(`${givenName} ${familyName}`);

const isPlain = ({ givenName, familyName }: Person): boolean =>
  /^[A-Z][a-z]+ [A-Z][A-Za-z]+$/u.test(`${givenName} ${familyName}`);

/** As UCCX writes it. */
export function userIDOf({ staff }: Pick<Systems, 'staff'>, { login }: DemoPerson): string {
  const row = staff.uccxPeople.find(({ person }) => person.login === login);
  if (row === undefined) throw new Error(`${login} is not on UCCX`);
  return row.userID;
}

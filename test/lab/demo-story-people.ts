// Whom the story is about: picked from the invented people, the same at every run.

import type { DemoReady } from './demo-protocol.ts';

export type DemoPerson = DemoReady['people'][number];

export interface Cast {
  readonly marries: DemoPerson;
  readonly leaves: DemoPerson;
  readonly hasLocalExtension: DemoPerson;
  readonly isOnLoan: DemoPerson;
}

/** Agents with an active account, an e-mail address and a name that every terminal can show. */
export function castOf({ people }: DemoReady): Cast {
  const agents = people.filter(
    ({ displayName }, index) =>
      index % 10 !== 0 &&
      index % 33 !== 7 &&
      index % 97 !== 41 &&
      index % 50 !== 23 &&
      /^[A-Z][a-z]+ [A-Z][a-z]+$/u.test(displayName),
  );
  const [marries, leaves, hasLocalExtension, isOnLoan] = agents;
  if (marries === undefined || leaves === undefined || hasLocalExtension === undefined || isOnLoan === undefined)
    throw new Error('the demo directory has too few people with plain names');
  return { marries, leaves, hasLocalExtension, isOnLoan };
}

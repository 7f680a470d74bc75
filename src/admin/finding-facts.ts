// The facts of a finding in plain words: `belongs to: mira.novak; e-mail: mira@example.org`.

import type { Finding } from '../model/finding.ts';

/** Said elsewhere in every list: the account itself; and numbers beside the names that go with them. */
const saidElsewhere = new Set(['account', 'id', 'userIds']);

const words: Readonly<Record<string, string>> = {
  agentId: 'agent ID',
  because: 'reason',
  claimant: 'also given to',
  email: 'e-mail',
  employeeId: 'employee number',
  first: 'for example',
  given: 'called here',
  holder: 'belongs to',
  key: 'shared value',
  principalName: 'login name',
  problems: 'what is wrong',
  rule: 'compared by',
  says: 'there it is',
  username: 'user name',
  users: 'people',
  usernameWithoutDomain: 'user name without domain',
  waits: 'waits as well',
};

const inWords = (name: string): string =>
  words[name] ?? name.replace(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`);

export function factsOf({ detail }: Pick<Finding, 'detail'>): string {
  return Object.entries(detail)
    .filter(([key]) => !saidElsewhere.has(key))
    .map(([key, value]) => `${inWords(key)}: ${textOf(key, value)}`)
    .join('; ');
}

function textOf(key: string, value: Finding['detail'][string]): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return value.join(', ');
  return key === 'rule' ? inWords(value) : value;
}

// Writes LDIF (RFC 2849) for a bulk load: many users and groups, streamed, the same for the same numbers.

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileTime, generalizedTime, neverExpires, sidToBytes } from './ad-values.ts';
import { seededGuid } from './directory-entry.ts';
import { escapeRdnValue } from './dn.ts';
import { generatePeople, seededRandom, sites } from './people.ts';

export type LdifOptions = {
  readonly users: number;
  /** A twentieth of the users unless given. */
  readonly groups?: number;
  /** Three unless given. */
  readonly membershipsPerUser?: number;
  /** Active Directory computes memberOf; OpenLDAP reads it from the file. */
  readonly memberOf?: 'written' | 'left-out';
  readonly seed?: number;
};
export type WrittenLdif = {
  readonly baseDn: string;
  readonly peopleDn: string;
  readonly groupsDn: string;
  readonly memberships: number;
};
type Row = Record<string, string | Buffer | readonly string[]>;

export const ldifBaseDn = 'DC=corp,DC=example,DC=test';
const domainSid = 'S-1-5-21-1004336348-1177238915-682003330';

/** Entries as Active Directory shapes them, for slapd's msuser schema: 13 attributes a user, memberOf beside them. */
export async function writeActiveDirectoryLdif(file: string, options: LdifOptions): Promise<WrittenLdif> {
  const { users, plan, groupCount } = planMembers(options);
  const root = `OU=Lab,${ldifBaseDn}`;
  const peopleDn = `OU=People,${root}`;
  const groupsDn = `OU=Groups,${root}`;
  const userDn = (index: number): string => {
    const person = users[index];
    return `CN=${escapeRdnValue(person?.displayName ?? '')},OU=${person?.site ?? ''},${peopleDn}`;
  };
  const groupDn = (index: number): string => `CN=Group ${String(index).padStart(5, '0')},${groupsDn}`;
  const whenChanged = generalizedTime(new Date('2026-01-05T06:07:08Z'));
  let usn = 12_000;
  const out = writer(file);
  await out.put(ldifBaseDn, { objectClass: 'domain', dc: 'corp' });
  await out.put(`CN=Users,${ldifBaseDn}`, { objectClass: 'container', cn: 'Users' });
  await out.put(`CN=svc-reader,CN=Users,${ldifBaseDn}`, {
    objectClass: ['top', 'person', 'simpleSecurityObject'],
    cn: 'svc-reader',
    sn: 'svc-reader',
    userPassword: 'User.Passw0rd.1!',
  });
  for (const dn of [root, peopleDn, groupsDn, ...sites.map((site) => `OU=${site},${peopleDn}`)]) {
    await out.put(dn, { objectClass: 'organizationalUnit', ou: /^OU=([^,]+)/.exec(dn)?.[1] ?? '' });
  }
  for (const [index, person] of users.entries()) {
    const memberOf = options.memberOf === 'left-out' ? [] : (plan.groupsOf[index] ?? []).map(groupDn);
    await out.put(userDn(index), {
      objectClass: ['top', 'person', 'organizationalPerson', 'user'],
      cn: person.displayName,
      objectGUID: seededGuid(`user/${index}`),
      objectSid: sidToBytes(`${domainSid}-${1_103 + index}`),
      sAMAccountName: person.login,
      userPrincipalName: person.mail,
      mail: person.mail,
      givenName: person.givenName,
      sn: person.familyName,
      displayName: person.displayName,
      telephoneNumber: person.phone,
      department: person.department,
      title: person.title,
      userAccountControl: index % 33 === 7 ? '514' : '512',
      accountExpires: index % 97 === 41 ? fileTime(new Date('2024-01-31T23:00:00Z')) : neverExpires,
      primaryGroupID: '513',
      whenChanged,
      uSNChanged: String(++usn),
      memberOf,
    });
  }
  for (let index = 0; index < groupCount; index++) {
    const name = `Group ${String(index).padStart(5, '0')}`;
    await out.put(groupDn(index), {
      objectClass: ['top', 'group'],
      cn: name,
      objectGUID: seededGuid(`group/${index}`),
      objectSid: sidToBytes(`${domainSid}-${9_000_000 + index}`),
      sAMAccountName: name,
      groupType: '-2147483646',
      whenChanged,
      uSNChanged: String(++usn),
      member: (plan.membersOf[index] ?? []).map(userDn),
    });
  }
  await out.end();
  return { baseDn: ldifBaseDn, peopleDn, groupsDn, memberships: plan.count };
}

/** Entries as a plain OpenLDAP has them: inetOrgPerson, and each group in all three usual shapes in turn. */
export async function writeOpenLdapLdif(file: string, options: LdifOptions): Promise<WrittenLdif> {
  const { users, plan, groupCount } = planMembers(options);
  const baseDn = ldifBaseDn.toLowerCase();
  const peopleDn = `ou=people,${baseDn}`;
  const groupsDn = `ou=groups,${baseDn}`;
  const login = (index: number): string => users[index]?.login ?? '';
  const out = writer(file);
  await out.put(baseDn, { objectClass: ['dcObject', 'organization'], dc: 'corp', o: 'Example' });
  for (const dn of [peopleDn, groupsDn])
    await out.put(dn, { objectClass: 'organizationalUnit', ou: dn.slice(3, dn.indexOf(',')) });
  await out.put(`cn=reader,${baseDn}`, {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: 'reader',
    userPassword: 'User.Passw0rd.1!',
  });
  for (const [index, person] of users.entries()) {
    await out.put(`uid=${person.login},${peopleDn}`, {
      objectClass: ['inetOrgPerson', 'posixAccount'],
      uid: person.login,
      cn: person.displayName,
      givenName: person.givenName,
      sn: person.familyName,
      displayName: person.displayName,
      mail: person.mail,
      telephoneNumber: person.phone,
      employeeNumber: person.employeeId,
      departmentNumber: person.department,
      title: person.title,
      uidNumber: String(10_000 + index),
      gidNumber: '10000',
      homeDirectory: `/home/${person.login}`,
    });
  }
  for (let index = 0; index < groupCount; index++) {
    const members = plan.membersOf[index] ?? [];
    const cn = `group ${String(index).padStart(5, '0')}`;
    const dns = members.map((member) => `uid=${login(member)},${peopleDn}`);
    const shapes: readonly Row[] = [
      { objectClass: 'groupOfNames', member: dns },
      { objectClass: 'groupOfUniqueNames', uniqueMember: dns },
      { objectClass: 'posixGroup', gidNumber: String(20_000 + index), memberUid: members.map(login) },
    ];
    await out.put(`cn=${cn},${groupsDn}`, { ...shapes[index % 3], cn });
  }
  await out.end();
  return { baseDn, peopleDn, groupsDn, memberships: plan.count };
}

type Plan = { readonly groupsOf: number[][]; readonly membersOf: number[][]; readonly count: number };

/** Who is in which group; no group is empty, because groupOfNames may not be. */
function planMembers(options: LdifOptions): {
  users: ReturnType<typeof generatePeople>;
  plan: Plan;
  groupCount: number;
} {
  const seed = options.seed ?? 20_240_229;
  const users = generatePeople({ count: options.users, seed });
  const groupCount = Math.max(1, options.groups ?? Math.ceil(options.users / 20));
  const random = seededRandom(seed + 1);
  const groupsOf = users.map(() => new Set<number>());
  const membersOf = Array.from({ length: groupCount }, (): number[] => []);
  let count = 0;
  const join = (user: number, group: number): void => {
    const joined = groupsOf[user];
    if (!joined || joined.has(group)) return;
    joined.add(group);
    membersOf[group]?.push(user);
    count++;
  };
  for (let group = 0; group < groupCount; group++) join(group % users.length, group);
  const wanted = Math.min(options.membershipsPerUser ?? 3, groupCount);
  for (const [user, joined] of groupsOf.entries())
    while (joined.size < wanted) join(user, Math.floor(random() * groupCount));
  return { users, plan: { groupsOf: groupsOf.map((joined) => [...joined]), membersOf, count }, groupCount };
}

// RFC 2849: a value is safe if it is ASCII without NUL, CR, LF and starts with neither space, colon nor less-than.
const isSafe = (value: string): boolean => /^(?:[!-9;=-~][ -~]*)?$/.test(value) && !value.endsWith(' ');

function line(name: string, value: string | Buffer): string {
  return typeof value === 'string' && isSafe(value)
    ? `${name}: ${value}\n`
    : `${name}:: ${Buffer.from(value as string).toString('base64')}\n`;
}

function writer(file: string): { put: (dn: string, row: Row) => Promise<void>; end: () => Promise<void> } {
  const stream = createWriteStream(file);
  let waiting: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    const text = waiting.join('');
    waiting = [];
    length = 0;
    if (!stream.write(text)) await once(stream, 'drain');
  };
  return {
    put: async (dn, row) => {
      let entry = line('dn', dn);
      for (const [name, values] of Object.entries(row)) {
        for (const value of typeof values === 'string' || Buffer.isBuffer(values) ? [values] : values)
          entry += line(name, value);
      }
      waiting.push(entry, '\n');
      length += entry.length;
      if (length > 1_000_000) await flush();
    },
    end: async () => {
      await flush();
      await new Promise<void>(
        (resolve, reject) => void stream.end((error?: Error | null) => (error ? reject(error) : resolve())),
      );
    },
  };
}

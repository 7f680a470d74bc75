// What a Samba domain holds, read with plain ldapts and by the domain's own means (memberOf, transitive matching), and
// the users and teams that follow from it. Nothing of rosterd is used here, so that its answers can be held against it.

import { readFileSync } from 'node:fs';
import { Client, type Entry } from 'ldapts';
import { bytesToGuid, bytesToSid } from '../lab/ad-values.ts';
import type { SambaLab } from '../lab/samba.ts';

export interface Scope {
  readonly people: string;
  readonly groups: string;
  /** Taken off the common name of a group; groups without it are no teams. */
  readonly prefix: string;
  /** DN of a group -> what its members, nested ones included, may do. */
  readonly roles: Readonly<Record<string, string>>;
}

export interface Person {
  readonly guid: string;
  readonly dn: string;
  readonly username: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly enabled: boolean;
  readonly teams: readonly string[];
  readonly mainTeam: string | null;
  readonly roles: readonly string[];
  /** What was read, by the name of the field that it gives. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface Group {
  readonly guid: string;
  readonly dn: string;
  readonly team: string;
  /** Teams of the groups that it is directly in. */
  readonly outer: readonly string[];
}

export interface Domain {
  readonly people: ReadonlyMap<string, Person>;
  readonly groups: ReadonlyMap<string, Group>;
}

const fieldAttributes = {
  firstName: 'givenName',
  lastName: 'sn',
  displayName: 'displayName',
  phone: 'telephoneNumber',
  mobile: 'mobile',
  department: 'department',
  title: 'title',
  site: 'physicalDeliveryOfficeName',
  company: 'company',
  employeeId: 'employeeID',
  description: 'description',
} as const;
const binary = ['objectGUID', 'objectSid'];
const never = 9_223_372_036_854_775_807n;
const disabled = 0x2;

/** `before` is what the same function said at last: who is not there any more stays as it was, but disabled. */
export async function readDomain(samba: SambaLab, scope: Scope, before?: Domain): Promise<Domain> {
  const client = new Client({
    url: samba.url,
    tlsOptions: { ca: [readFileSync(samba.caFile)], servername: samba.hostName },
  });
  try {
    await client.bind(samba.admin.user, samba.admin.password);
    const found = await search(client, scope.groups, '(objectClass=group)');
    const groups = found.filter((entry) => text(entry, 'cn').startsWith(scope.prefix));
    const people = await search(client, scope.people, '(&(objectCategory=person)(objectClass=user))');
    const holders = new Map<string, ReadonlySet<string>>();
    for (const group of found) {
      if (scope.roles[group.dn] !== undefined) holders.set(group.dn, await nestedMembers(client, scope.people, group));
    }
    const teamOf = new Map(groups.map((entry) => [entry.dn, text(entry, 'cn').slice(scope.prefix.length)]));
    const teamOfRid = new Map(groups.map((entry) => [ridOf(entry), text(entry, 'cn').slice(scope.prefix.length)]));
    const now = new Map(
      people.map((entry): [string, Person] => {
        const primary = teamOfRid.get(text(entry, 'primaryGroupID'));
        const teams = list(entry, 'memberOf').flatMap((dn) => teamOf.get(dn) ?? []);
        const roles = [...holders].filter(([, dns]) => dns.has(entry.dn)).map(([dn]) => scope.roles[dn] ?? '');
        const guid = guidOf(entry);
        return [guid, personOf(entry, [...teams, ...(primary ? [primary] : [])], roles, before?.people.get(guid))];
      }),
    );
    const gone = [...(before?.people ?? [])].filter(([guid]) => !now.has(guid));
    return {
      people: new Map([...now, ...gone.map(([guid, person]) => [guid, { ...person, enabled: false }] as const)]),
      groups: new Map(
        groups.map((entry): [string, Group] => [
          guidOf(entry),
          {
            guid: guidOf(entry),
            dn: entry.dn,
            team: teamOf.get(entry.dn) ?? '',
            outer: list(entry, 'memberOf').flatMap((dn) => teamOf.get(dn) ?? []),
          },
        ]),
      ),
    };
  } finally {
    await client.unbind();
  }
}

function personOf(entry: Entry, teams: readonly string[], roles: readonly string[], before?: Person): Person {
  const sorted = [...teams].sort();
  const stays = before !== undefined && before.mainTeam !== null && sorted.includes(before.mainTeam);
  const first = [...teams].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))[0] ?? null;
  const fields: Record<string, string> = { username: text(entry, 'sAMAccountName') };
  for (const [field, attribute] of Object.entries(fieldAttributes)) {
    if (text(entry, attribute) !== '') fields[field] = text(entry, attribute);
  }
  fields['displayName'] ??= text(entry, 'cn');
  const email = text(entry, 'mail') || null;
  if (email !== null) fields['email'] = email;
  return {
    guid: guidOf(entry),
    dn: entry.dn,
    username: text(entry, 'sAMAccountName'),
    displayName: fields['displayName'],
    email,
    enabled: (Number(text(entry, 'userAccountControl')) & disabled) === 0 && !isExpired(text(entry, 'accountExpires')),
    teams: sorted,
    mainTeam: stays ? before.mainTeam : first,
    roles: [...new Set(roles)].sort(),
    fields,
  };
}

/** The domain's own answer; it does not follow the primary group, which is added. */
async function nestedMembers(client: Client, base: string, group: Entry): Promise<ReadonlySet<string>> {
  const dn = group.dn.replace(/[\\*()]/gu, (character) => `\\${character.charCodeAt(0).toString(16)}`);
  const filter = `(|(memberOf:1.2.840.113556.1.4.1941:=${dn})(primaryGroupID=${ridOf(group)}))`;
  return new Set((await search(client, base, filter)).map((entry) => entry.dn));
}

async function search(client: Client, base: string, filter: string): Promise<readonly Entry[]> {
  const { searchEntries } = await client.search(base, {
    scope: 'sub',
    filter,
    explicitBufferAttributes: binary,
    paged: { pageSize: 500 },
  });
  return searchEntries;
}

const list = (entry: Entry, attribute: string): readonly string[] => [entry[attribute] ?? []].flat().map(String);
const text = (entry: Entry, attribute: string): string => (list(entry, attribute)[0] ?? '').normalize('NFC').trim();
const guidOf = (entry: Entry): string => bytesToGuid(entry['objectGUID'] as Buffer);
const ridOf = (entry: Entry): string =>
  bytesToSid(entry['objectSid'] as Buffer)
    .split('-')
    .at(-1) ?? '';

function isExpired(ticks: string): boolean {
  const at = BigInt(ticks || '0');
  return at !== 0n && at !== never && Number(at / 10_000n - 11_644_473_600_000n) <= Date.now();
}

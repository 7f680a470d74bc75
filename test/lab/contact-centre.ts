// Fills a directory, scripted or real, with an invented contact centre: sites, people, and 20 groups with everything
// that makes groups hard: nesting, a cycle, a primary group, a supervisors' group, an empty one.
import { bytesToSid } from './ad-values.ts';
import { addGroup, addUnit, addUser, type Directory } from './directory.ts';
import { generatePeople, type Person, sites, teamNames } from './people.ts';

export type ContactCentre = {
  readonly unitDn: string;
  readonly peopleDn: string;
  readonly groupsDn: string;
  readonly people: readonly { readonly dn: string; readonly person: Person }[];
  /** By name, for example `CC Billing`. */
  readonly groups: Readonly<Record<string, string>>;
  readonly groupNames: typeof specialGroups;
};
export type ContactCentreOptions = {
  readonly people?: number;
  readonly seed?: number;
  readonly password?: string;
  readonly upnSuffix?: string;
};

export const specialGroups = {
  everyone: 'CC Everyone',
  frontLine: 'CC Front Line',
  supervisors: 'CC Supervisors',
  /** Known to its members only through their primaryGroupID. */
  temporary: 'CC Temporary Staff',
  cycleA: 'CC Project Aurora',
  cycleB: 'CC Project Borealis',
  empty: 'CC Reserved',
} as const;
const teamGroups = teamNames.slice(0, 13);

export async function plantContactCentre(
  directory: Directory,
  options: ContactCentreOptions = {},
): Promise<ContactCentre> {
  const people = generatePeople({
    count: options.people ?? 250,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  const unitDn = await addUnit(directory, directory.baseDn, 'Contact Centre');
  const peopleDn = await addUnit(directory, unitDn, 'People');
  const groupsDn = await addUnit(directory, unitDn, 'Groups');
  const siteDns = new Map<string, string>();
  for (const site of sites) siteDns.set(site, await addUnit(directory, peopleDn, site));

  const upnSuffix = options.upnSuffix ?? 'example.test';
  const planted: { dn: string; person: Person }[] = [];
  for (const person of people) {
    const manager = person.managerIndex === undefined ? undefined : planted[person.managerIndex]?.dn;
    const dn = await addUser(directory, {
      parentDn: siteDns.get(person.site) ?? peopleDn,
      cn: person.displayName,
      login: person.login,
      upnSuffix,
      ...(options.password === undefined ? {} : { password: options.password }),
      attributes: { ...describePerson(person), ...(manager === undefined ? {} : { manager }) },
    });
    planted.push({ dn, person });
    if (person.index % 33 === 7) await directory.disable(dn);
    if (person.index % 97 === 41) await directory.expire(dn, new Date('2024-01-31T23:00:00Z'));
  }
  const groups = await plantGroups(directory, groupsDn, planted);
  return { unitDn, peopleDn, groupsDn, people: planted, groups, groupNames: specialGroups };
}

function describePerson(person: Person): Record<string, string> {
  return {
    givenName: person.givenName,
    sn: person.familyName,
    displayName: person.displayName,
    // A few people have no address, as in every directory.
    ...(person.index % 50 === 23 ? {} : { mail: person.mail }),
    telephoneNumber: person.phone,
    ipPhone: person.extension,
    employeeID: person.employeeId,
    department: person.department,
    title: person.title,
    physicalDeliveryOfficeName: person.site,
  };
}

async function plantGroups(
  directory: Directory,
  parentDn: string,
  people: readonly { readonly dn: string; readonly person: Person }[],
): Promise<Record<string, string>> {
  const groups: Record<string, string> = {};
  const plant = async (name: string, members: readonly string[]): Promise<string> => {
    const dn = await addGroup(directory, { parentDn, name, members, attributes: { description: `Lab group ${name}` } });
    groups[name] = dn;
    return dn;
  };
  const dnsOf = (isMember: (person: Person) => boolean): string[] =>
    people.filter(({ person }) => isMember(person)).map(({ dn }) => dn);
  const teams: string[] = [];
  for (const [index, team] of teamGroups.entries()) {
    teams.push(
      await plant(
        `CC ${team}`,
        dnsOf((person) => person.index % teamGroups.length === index),
      ),
    );
  }
  const frontLine = await plant(specialGroups.frontLine, teams.slice(0, 6));
  await plant(specialGroups.everyone, [frontLine, ...teams.slice(6)]);
  await plant(
    specialGroups.supervisors,
    dnsOf((person) => person.rank !== 'agent'),
  );
  await plant(specialGroups.empty, []);
  const cycleA = await plant(
    specialGroups.cycleA,
    dnsOf((person) => person.index % 40 === 3),
  );
  const cycleB = await plant(specialGroups.cycleB, [cycleA, ...dnsOf((person) => person.index % 40 === 9)]);
  await directory.addMembers(cycleA, [cycleB]);
  const temporary = dnsOf((person) => person.index % 25 === 12);
  // A primary group must contain its account first; setting it then takes the visible membership away.
  const primary = await plant(specialGroups.temporary, temporary);
  const sid = (await directory.read(primary))?.attributes['objectSid']?.[0];
  const rid = Buffer.isBuffer(sid) ? bytesToSid(sid).split('-').at(-1) : undefined;
  if (rid === undefined) throw new Error(`${primary} has no objectSid`);
  for (const dn of temporary) {
    await directory.modify(dn, [{ operation: 'replace', attribute: 'primaryGroupID', values: rid }]);
  }
  return groups;
}

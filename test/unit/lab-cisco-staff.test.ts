import { describe, expect, it } from 'vitest';
import { spell, spellingOn } from '../lab/cisco-spelling.ts';
import { agentRowOf, ciscoStaff, staffDomain } from '../lab/cisco-staff.ts';
import { plantStaff } from '../lab/cisco-staff-directory.ts';
import { MemoryDirectory } from '../lab/memory-directory.ts';
import type { Person } from '../lab/people.ts';
import { UccxState } from '../lab/uccx-state.ts';

const staff = ciscoStaff();
const { traps, uccx, ucce } = staff;
const resource = (userID: string) => uccx.resources.find((each) => each.userID === userID);
const agent = (id: number) => ucce.agents.find((each) => each.id === id);
const fold = (text: string) => text.normalize('NFC').toLowerCase();
const isUnique = (values: readonly string[]) => new Set(values).size === values.length;

describe('the staff of the Cisco systems', () => {
  it('is the same for the same options, and another for another seed', () => {
    expect(ciscoStaff({ uccxAgents: 60, ucceAgents: 100 })).toEqual(ciscoStaff({ uccxAgents: 60, ucceAgents: 100 }));
    const other = ciscoStaff({ uccxAgents: 60, ucceAgents: 100, seed: 7 });
    expect(other.uccx).not.toEqual(ciscoStaff({ uccxAgents: 60, ucceAgents: 100 }).uccx);
  });

  it('has 400 agents on UCCX, a tenth of them supervisors, and 16 teams with id 1 Default', () => {
    expect(uccx.resources).toHaveLength(400);
    expect(uccx.resources.filter(({ type }) => type === 2)).toHaveLength(40);
    expect(uccx.teams).toHaveLength(16);
    expect(uccx.teams[0]).toMatchObject({ id: 1, name: 'Default' });
    expect(new Set(uccx.resources.map(({ teamId }) => teamId)).size).toBe(16);
    expect(() => new UccxState(uccx)).not.toThrow();
  });

  it('has unique userIDs on UCCX without regard to case', () => {
    expect(isUnique(uccx.resources.map(({ userID }) => fold(userID)))).toBe(true);
  });

  it('has UCCX resources with and without skills, alias and resource group', () => {
    for (const isBare of [
      uccx.resources.map(({ skills }) => skills.length === 0),
      uccx.resources.map(({ alias }) => alias === undefined),
      uccx.resources.map(({ resourceGroupId }) => resourceGroupId === undefined),
    ]) {
      expect(new Set(isBare).size).toBe(2);
    }
  });

  it('has 12,000 agents on UCCE in teams of at most 50, on the peripherals 5000 and 5001', () => {
    expect(ucce.agents).toHaveLength(12_000);
    expect(new Set(ucce.agents.map(({ peripheralId }) => peripheralId))).toEqual(new Set([5000, 5001]));
    const sizes = Map.groupBy(ucce.agents, ({ teamId }) => teamId);
    for (const { id, peripheralId } of ucce.teams) {
      const members = sizes.get(id) ?? [];
      expect(members.length).toBeGreaterThan(0);
      expect(members.length).toBeLessThanOrEqual(50);
      expect(members.every((member) => member.peripheralId === peripheralId)).toBe(true);
    }
    expect(sizes.get(undefined)?.length).toBeGreaterThan(0);
  });

  it('has supervisors of one to ten teams on UCCE, and no more than ten supervisors of a team', () => {
    const counts = ucce.agents.filter(({ supervisor }) => supervisor).map((each) => each.supervisorTeamIds.length);
    expect(Math.max(...counts)).toBe(10);
    expect(counts.filter((count) => count === 0)).toHaveLength(1);
    for (const { id } of ucce.teams) {
      const supervisors = ucce.agents.filter(({ supervisorTeamIds }) => supervisorTeamIds.includes(id));
      expect(supervisors.length).toBeGreaterThan(0);
      expect(supervisors.length).toBeLessThanOrEqual(10);
    }
  });

  it('has agent numbers that are unique on their peripheral, some with leading zeros', () => {
    expect(isUnique(ucce.agents.map(({ agentId, peripheralId }) => `${peripheralId} ${agentId}`))).toBe(true);
    expect(ucce.agents.some(({ agentId }) => agentId.startsWith('0'))).toBe(true);
    expect(ucce.agents.every(({ agentId }) => agentId.length <= 11)).toBe(true);
  });

  it('names what exists: teams, skill groups, attributes, departments', () => {
    const ids = (rows: readonly { readonly id: number }[]) => new Set(rows.map(({ id }) => id));
    const [teams, groups, attributes] = [ids(ucce.teams), ids(ucce.skillGroups), ids(ucce.attributes)];
    for (const each of ucce.agents) {
      if (each.teamId !== undefined) expect(teams).toContain(each.teamId);
      for (const id of each.supervisorTeamIds) expect(teams).toContain(id);
      for (const id of each.skillGroupIds) expect(groups).toContain(id);
      for (const { id } of each.attributes) expect(attributes).toContain(id);
    }
    expect(isUnique(ucce.agents.map(({ id }) => String(id)))).toBe(true);
  });

  it('has the same person on both systems with different spellings', () => {
    expect(staff.bothPeople).toHaveLength(200);
    const differently = staff.bothPeople.filter((person) => spellingOn('uccx', person) !== spellingOn('ucce', person));
    expect(differently.length).toBeGreaterThan(50);
    for (const system of ['uccx', 'ucce'] as const) {
      expect(new Set(staff.bothPeople.map((person) => spellingOn(system, person))).size).toBe(7);
    }
    expect(agentRowOf(staff, staff.bothPeople[0] as Person)?.person.userName?.toLowerCase()).toContain(
      staff.bothPeople[0]?.login,
    );
  });

  it('writes a name out, in ASCII, short, swapped, married or by half', () => {
    const person = { givenName: 'Jürgen', familyName: 'Łęcki', index: 0 } as Person;
    const names = (
      ['umlauts-written-out', 'ascii', 'nickname', 'swapped', 'maiden-name', 'without-first-name'] as const
    )
      .map((spelling) => spell(person, spelling))
      .map(({ firstName, lastName }) => `${firstName}|${lastName}`);
    expect(names).toEqual(['Juergen|Łęcki', 'Jurgen|Lecki', 'Jogi|Łęcki', 'Łęcki|Jürgen', 'Jürgen|Sommer', '|Łęcki']);
  });

  it('logs some supervisors on UCCE in with their domain, in small letters and in capitals', () => {
    const logins = ucce.agents.filter(({ supervisor }) => supervisor).map((each) => each.person.userName ?? '');
    expect(logins.some((login) => login.endsWith(`@${staffDomain}`))).toBe(true);
    expect(logins.some((login) => login.endsWith(`@${staffDomain.toUpperCase()}`))).toBe(true);
    expect(logins.some((login) => !login.includes('@'))).toBe(true);
  });
});

describe('the traps of the staff', () => {
  it('have a userID on UCCX that is the login of somebody else in AD, who is on UCCX not at all', () => {
    const { userID, person, ownerInDirectory } = traps.otherPersonsLogin;
    expect(resource(userID)?.extension).toBe(person.extension);
    expect(userID).toBe(ownerInDirectory.login);
    expect(staff.uccxPeople.map((each) => each.person)).not.toContain(ownerInDirectory);
  });

  it('have two people with the same extension, and two with the same number on two peripherals', () => {
    const [one, other] = traps.sameExtension.userIDs;
    expect(one).not.toBe(other);
    for (const userID of [one, other]) expect(resource(userID)?.extension).toBe(traps.sameExtension.extension);
    const agents = traps.sameAgentId.agentIds.map(agent);
    expect(agents.map((each) => each?.agentId)).toEqual([traps.sameAgentId.agentId, traps.sameAgentId.agentId]);
    expect(agents.map((each) => each?.peripheralId)).toEqual([5000, 5001]);
  });

  it('have a userID that somebody else gets', () => {
    const state = new UccxState(uccx);
    const { userID, before, next, after } = traps.recycledUserID;
    expect(resource(userID)?.extension).toBe(before.extension);
    expect(state.changeResource(userID, after)).toMatchObject({ userID, extension: next.extension });
  });

  it('have a team of the same name on both systems', () => {
    const { name, uccxId, ucceId } = traps.sameTeamName;
    expect(uccx.teams.find(({ id }) => id === uccxId)?.name).toBe(name);
    expect(ucce.teams.find(({ id }) => id === ucceId)?.name).toBe(name);
  });

  it('have supervisors who supervise nothing', () => {
    const { userID, agentRow } = traps.supervisorWithoutTeams;
    expect(resource(userID)?.type).toBe(2);
    expect(new UccxState(uccx).supervisedBy(userID)).toEqual({ primary: [], secondary: [] });
    expect(agent(agentRow)).toMatchObject({ supervisor: true, supervisorTeamIds: [] });
  });

  it('have userIDs with a blank, a plus, a percent sign, an at, an umlaut, and in mixed case', () => {
    const { oddUserIDs } = traps;
    for (const userID of Object.values(oddUserIDs)) expect(resource(userID)).toBeDefined();
    expect(oddUserIDs.blank).toContain(' ');
    expect(oddUserIDs.plus).toContain('+');
    expect(oddUserIDs.percent).toContain('%');
    expect(oddUserIDs.at).toMatch(/^[a-z]+\d+@corp\.example\.test$/);
    expect(oddUserIDs.umlaut).toContain('ü');
    expect(oddUserIDs.mixedCase).toMatch(/[a-z].*[A-Z]|[A-Z].*[a-z]/);
  });
});

describe('the staff in a directory', () => {
  it('is there with its principal names, but for the one who is not, and one is disabled who works on UCCX', async () => {
    const directory = new MemoryDirectory();
    const small = ciscoStaff({ uccxAgents: 40, ucceAgents: 60 });
    const centre = await plantStaff(directory, small);
    const entryOf = (person: Person) => {
      const dn = centre.people.find((each) => each.person.index === person.index)?.dn;
      return dn === undefined ? undefined : directory.read(dn);
    };
    expect(centre.people).toHaveLength(small.people.length - 1);
    expect(await entryOf(small.traps.notInDirectory.person)).toBeUndefined();
    const disabled = await entryOf(small.traps.disabledInDirectory.person);
    expect(Number(disabled?.attributes['userAccountControl']?.[0]) & 2).toBe(2);
    const owner = await entryOf(small.traps.otherPersonsLogin.ownerInDirectory);
    expect(owner?.attributes['sAMAccountName']?.[0]).toBe(small.traps.otherPersonsLogin.userID);
    expect(owner?.attributes['userPrincipalName']?.[0]).toBe(`${small.traps.otherPersonsLogin.userID}@${staffDomain}`);
  });
});

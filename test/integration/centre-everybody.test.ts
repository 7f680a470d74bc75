// The invented staff of the lab in all three systems, from the first read to the last leaver, with its traps by name.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CiscoStaff, ciscoStaff } from '../lab/cisco-staff.ts';
import { type Centre, openCentre } from './centre-fixture.ts';
import { supervisorRoles } from './centre-people.ts';
import type { CentrePicture } from './centre-pictures.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let centre: Centre;
let staff: CiscoStaff;
let users: Readonly<Record<string, CentrePicture>>;

beforeAll(async () => {
  staff = ciscoStaff({ uccxAgents: 60, ucceAgents: 200 });
  centre = await openCentre({
    everybody: staff,
    yaml: {
      'uccx-main': supervisorRoles,
      'ucce-main': supervisorRoles,
    },
  });
  await centre.settle();
  users = await centre.users();
});

afterAll(() => centre.close());

const linkedTo = (source: string): readonly CentrePicture[] =>
  Object.values(users).filter(({ links }) => links.some((link) => link.startsWith(`${source} `)));
const findingsAbout = async (code: string, label: string): Promise<readonly string[]> =>
  (await centre.findings(code)).filter((line) => line.includes(` ${label} `));

describe('everybody of a contact centre', () => {
  it('is one user however the systems write the name, and nobody is lost', () => {
    const waiting =
      staff.uccx.resources.length +
      staff.ucce.agents.length -
      linkedTo('uccx-main').length -
      linkedTo('ucce-main').length;
    const onBoth = Object.values(users).filter(
      ({ links }) =>
        links.some((link) => link.startsWith('uccx-main')) && links.some((link) => link.startsWith('ucce-main')),
    );
    expect({ users: Object.keys(users).length, waiting, onBoth: onBoth.length }).toMatchInlineSnapshot(`
      {
        "onBoth": 30,
        "users": 254,
        "waiting": 1,
      }
    `);
  });

  it('is found in the directory, but for those who are to wait or are not there', async () => {
    const { otherPersonsLogin, notInDirectory } = staff.traps;
    const owner = users[otherPersonsLogin.ownerInDirectory.login];
    expect(owner?.links).toEqual(['ad-hq created active']);
    expect(await findingsAbout('other-person', otherPersonsLogin.userID)).toHaveLength(1);
    expect(await findingsAbout('not-in-directory', notInDirectory.userID)).toHaveLength(1);
  });

  it('has the findings of its traps', async () => {
    const { disabledInDirectory, sameExtension, sameAgentId, sameTeamName } = staff.traps;
    expect(users[disabledInDirectory.person.login]?.enabled).toBe(false);
    expect(await centre.findings('disabled-in-directory')).toContain(
      `disabled-in-directory ${disabledInDirectory.person.login} uccx-main`,
    );
    // The directory has the same phone for both as well: it is asked to mend that too.
    expect(await findingsAbout('extension-shared', sameExtension.extension)).toEqual(
      ['ad-hq', 'uccx-main'].map((source) => `extension-shared ${sameExtension.extension} ${source}`),
    );
    expect(await findingsAbout('agent-id-shared', sameAgentId.agentId)).toHaveLength(1);
    expect((await centre.findings('team-name-conflict')).some((line) => line.includes(` ${sameTeamName.name} `))).toBe(
      true,
    );
  });

  it('costs no write while nothing changes', async () => {
    const before = await tableDigests(centre.store);
    for (const source of ['ad-hq', 'uccx-main', 'ucce-main'] as const) {
      expect(await centre.sync(source)).toMatchObject({ state: 'done', counts: { mirrorChanged: 0, planned: 0 } });
    }
    expect(differingTables(before, await tableDigests(centre.store))).toEqual(['counters', 'leases', 'runs']);
  });

  it('keeps the user of a recycled userID as it was', async () => {
    const { userID, after, before } = staff.traps.recycledUserID;
    const user = users[before.login];
    centre.uccx.state.changeResource(userID, after);
    await centre.settle();
    expect(await centre.user(before.login)).toEqual(user);
    expect(await findingsAbout('name-of-another', before.login)).toHaveLength(1);
  });
});

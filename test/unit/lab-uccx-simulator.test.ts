// The numbers are those of the facts about the Configuration API: transport 1.1, resources 1.2, teams 1.3, others 1.4, JSON 1.5,
// errors 1.6.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ciscoStaff } from '../lab/cisco-staff.ts';
import { type Asker, createAsker } from '../lab/http-ask.ts';
import { startUccxSimulator, type UccxSimulator, uccxLogin } from '../lab/uccx-simulator.ts';
import { smallUccx } from '../lab/uccx-small.ts';

const json = 'application/json';
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const origin = 'https://uccx1.example.test/adminapi';
const supervisor = { user: 'T.Okafor', password: 'Sup3r.Visor' };
let uccx: UccxSimulator;
let asker: Asker;

beforeEach(async () => {
  uccx = await startUccxSimulator({ data: smallUccx(), supervisors: { [supervisor.user]: supervisor.password } });
  asker = createAsker(uccx, uccx.login);
});
afterEach(async () => {
  asker.close();
  await uccx.stop();
});
const xml = async (path: string) => (await asker.ask(`/adminapi${path}`)).text;
const object = async (path: string) => JSON.parse((await asker.ask(`/adminapi${path}`, { accept: json })).text);
const names = (text: string) => [...text.matchAll(/<([A-Za-z]+)[ >/]/g)].map(([, name]) => name);

describe('the transport of the simulated UCCX', () => {
  it('wants a login with every request', async () => {
    const login = { ...uccxLogin, password: 'x' };
    expect((await asker.ask('/adminapi/resource', { login })).status).toBe(401);
    expect((await asker.ask('/adminapi/resource')).status).toBe(200);
  });

  it.each([
    [undefined, 'xml'],
    ['*/*', 'xml'],
    ['application/xml', 'xml'],
    ['application/xml, application/json', 'xml'],
    ['application/json', 'json'],
    ['Application/JSON;q=0.9, application/xml', 'json'],
    ['application/json, text/plain, */*', 'json'],
  ])('answers an Accept of %s in %s', async (accept, format) => {
    const answer = await asker.ask('/adminapi/team', accept === undefined ? {} : { accept });
    expect(answer.headers['content-type']).toBe(`application/${format}`);
    expect(answer.text.startsWith(format === 'xml' ? '<?xml' : '{')).toBe(true);
  });

  it('shows a supervisor the agents of the teams where the login is primary or secondary supervisor', async () => {
    const userIDs = async (login: typeof supervisor) =>
      [...(await asker.ask('/adminapi/resource', { login })).text.matchAll(/<userID>(.*?)</g)].map(([, id]) => id);
    expect(await userIDs(supervisor)).toHaveLength(4);
    uccx.state.changeTeam(9, { secondarySupervisors: [] });
    expect(await userIDs(supervisor)).toEqual(['mhorvat', 'T.Okafor']);
    uccx.state.changeTeam(6, { primarySupervisor: undefined });
    expect(await userIDs(supervisor)).toEqual(['T.Okafor']);
    expect((await asker.ask('/adminapi/resource/mhorvat', { login: supervisor })).status).toBe(404);
    expect(await userIDs(uccx.login)).toHaveLength(4);
  });

  it('gives self and refURL a host that is not the one that was asked', async () => {
    expect(await xml('/resource')).not.toContain(new URL(uccx.url).host);
    const other = await startUccxSimulator({ data: smallUccx(), tls: 'off', selfOrigin: 'http://10.0.0.5:8080' });
    try {
      const { text } = await createAsker(other, other.login).ask('/adminapi/skill/37');
      expect(text).toContain('<self>http://10.0.0.5:8080/adminapi/skill/37</self>');
    } finally {
      await other.stop();
    }
  });

  it('answers 400 agents at once, without pages', async () => {
    const full = await startUccxSimulator({ data: ciscoStaff({ ucceAgents: 40 }).uccx });
    const asking = createAsker(full, full.login);
    const { text } = await asking.ask('/adminapi/resource', { accept: json });
    asking.close();
    await full.stop();
    expect(JSON.parse(text).resource).toHaveLength(400);
    expect(() => full.state.addResource({ userID: 'one.more', lastName: 'More', extension: '1' })).toThrow('400');
  });
});

describe('resources of the simulated UCCX', () => {
  it('have their elements in the order that was observed', async () => {
    const own = (text: string) => text.match(/<resource>.*?<\/resource>/g) ?? [];
    const [mira = '', tunde = ''] = own(await xml('/resource'));
    const common = (extra: readonly string[]) => ['self', 'userID', 'firstName', 'lastName', 'extension', ...extra];
    expect(names(mira)).toEqual([
      'resource',
      ...common(['alias', 'resourceGroup', 'refURL', 'skillMap', 'skillCompetency', 'competencelevel']),
      ...['skillNameUriPair', 'refURL', 'autoAvailable', 'type', 'team', 'refURL'],
      ...['primarySupervisorOf', 'secondarySupervisorOf'],
    ]);
    expect(names(tunde)).toEqual([
      'resource',
      ...common(['skillMap', 'autoAvailable', 'type', 'team', 'refURL', 'primarySupervisorOf']),
      ...['supervisorOfTeamName', 'refURL', 'secondarySupervisorOf'],
      ...['supervisorOfTeamName', 'refURL', 'supervisorOfTeamName', 'refURL'],
    ]);
  });

  it('read as documented: the item is the element of the list as the root', async () => {
    const mira =
      `<resource><self>${origin}/resource/mhorvat</self><userID>mhorvat</userID><firstName>Mira</firstName>` +
      '<lastName>Horvat</lastName><extension>40011</extension><alias/>' +
      `<resourceGroup name="Front Office"><refURL>${origin}/resourceGroup/7</refURL></resourceGroup>` +
      '<skillMap><skillCompetency><competencelevel>8</competencelevel>' +
      `<skillNameUriPair name="SK_Billing"><refURL>${origin}/skill/37</refURL></skillNameUriPair>` +
      '</skillCompetency></skillMap><autoAvailable>true</autoAvailable><type>1</type>' +
      `<team name="Billing"><refURL>${origin}/team/6</refURL></team><primarySupervisorOf/><secondarySupervisorOf/></resource>`;
    expect(await xml('/resource/mhorvat')).toBe(declaration + mira);
    expect((await xml('/resource')).startsWith(`${declaration}<resources>${mira}<resource>`)).toBe(true);
  });

  it('keep the case and every character of a userID, percent-encoded in self and in the path', async () => {
    const userID = 'jürgen w+x%40@corp.example.test';
    const item = await object(`/resource/${encodeURIComponent(userID)}`);
    expect(item).toMatchObject({ userID, self: `${origin}/resource/${encodeURIComponent(userID)}` });
    expect((await asker.ask('/adminapi/resource/t.okafor')).status).toBe(404);
    expect((await asker.ask('/adminapi/resource/%E0%A4%A')).status).toBe(400);
  });

  it('escape what XML needs escaped', async () => {
    expect(await xml('/resource/alindqvist')).toContain('<alias>Ana &amp; co &lt;1&gt;</alias>');
  });

  it('take the documented parameters and refuse every other', async () => {
    const userIDs = async (query: string) =>
      (await object(`/resource?${query}`)).resource.map((each: { userID: string }) => each.userID);
    expect(await userIDs('csqid=12')).toEqual(['mhorvat']);
    expect(await userIDs('csqid=13')).toEqual(['mhorvat']);
    expect(await userIDs('detail=none')).toHaveLength(4);
    expect(await xml('/resource?withCsqs')).toContain(
      '<csqMap><csq name="CSQ_Billing"/><csq name="CSQ_Front"/></csqMap>',
    );
    expect(await xml('/resource?csqid=12&lastReSkillDetails')).toContain('<lastReSkillDetails/>');
    expect((await asker.ask('/adminapi/resource?csqid=99')).status).toBe(404);
    for (const query of ['detail=none&withCsqs', 'detail=all', 'csqid=x', 'lastReSkillDetails', 'page=2', 'withcsqs'])
      expect((await asker.ask(`/adminapi/resource?${query}`)).status).toBe(400);
    expect((await asker.ask('/adminapi/team?detail=none')).status).toBe(400);
  });
});

describe('teams of the simulated UCCX', () => {
  it('are listed with their supervisors, without their members', async () => {
    const person = (element: string, name: string, id: string) =>
      `<${element} name="${name}"><refURL>${origin}/resource/${id}</refURL></${element}>`;
    const secondary = (text: string) => `<secondarySupervisors>${text}</secondarySupervisors>`;
    const team = (id: number, name: string, rest: string) =>
      `<team><self>${origin}/team/${id}</self><teamId>${id}</teamId><teamname>${name}</teamname>${rest}</team>`;
    const okafor = secondary(person('secondrySupervisor', 'Okafor', 'T.Okafor'));
    const billing =
      person('primarySupervisor', 'Okafor', 'T.Okafor') +
      secondary(person('secondrySupervisor', 'Ana Lindqvist', 'alindqvist'));
    const rows = [
      team(1, 'Default', okafor),
      team(6, 'Billing', billing),
      team(9, 'Night Shift', okafor),
      team(10, 'Reserve', ''),
    ];
    expect(await xml('/team')).toBe(`${declaration}<teams>${rows.join('')}</teams>`);
  });

  it('have members and queues as an item; people of other teams can be among them', async () => {
    expect(await object('/team/6')).toEqual({
      self: `${origin}/team/6`,
      teamId: 6,
      teamname: 'Billing',
      primarySupervisor: { '@name': 'Okafor', refURL: `${origin}/resource/T.Okafor` },
      secondarySupervisors: {
        secondrySupervisor: [{ '@name': 'Ana Lindqvist', refURL: `${origin}/resource/alindqvist` }],
      },
      resources: {
        resource: [
          { '@name': 'Mira Horvat', refURL: `${origin}/resource/mhorvat` },
          { '@name': 'Ana Lindqvist', refURL: `${origin}/resource/alindqvist` },
        ],
      },
      csqs: { csq: [{ '@name': 'CSQ_Billing', refURL: `${origin}/csq/12` }] },
      acdBusyOnNonAcdBusy: false,
      nonAcdBusyOverride: false,
    });
    expect(Object.keys(await object('/team/10'))).not.toContain('resources');
  });

  it('are found by number, not by name', async () => {
    expect((await asker.ask('/adminapi/team/Billing')).status).toBe(404);
  });
});

describe('skills, resource groups and queues of the simulated UCCX', () => {
  it('have the names of their ids that differ per object', async () => {
    expect(await object('/skill/37')).toEqual({ self: `${origin}/skill/37`, skillId: 37, skillName: 'SK_Billing' });
    const group = { self: `${origin}/resourceGroup/7`, id: 7, name: 'Front Office' };
    expect(await object('/resourceGroup')).toEqual({ '@type': 'resourceGroupXMLList', resourceGroup: [group] });
    expect(await xml('/skill')).toMatch(/<skills><skill><self>[^<]+<\/self><skillId>37<\/skillId><skillName>SK_B/);
  });

  it('show the pool of a queue by its kind', async () => {
    const [bySkill, byGroup] = (await object('/csq')).csq;
    expect(bySkill).toMatchObject({ id: 12, name: 'CSQ_Billing', resourcePoolType: 'SKILL_GROUP' });
    expect(bySkill.poolSpecificInfo.skillGroup.skillCompetency).toEqual([
      { competencelevel: 5, skillNameUriPair: { '@name': 'SK_Billing', refURL: `${origin}/skill/37` }, weight: 1 },
    ]);
    expect(byGroup.poolSpecificInfo.resourceGroup.orderedResources).toHaveLength(1);
  });
});

describe('JSON of the simulated UCCX', () => {
  it('drops the root, says @type, keeps arrays and native scalars, has {} for an empty element', async () => {
    const list = await object('/resource');
    expect(Object.keys(list)).toEqual(['@type', 'resource']);
    expect(list['@type']).toBe('resourceXMLList');
    const team = (id: number, name: string) => ({ '@name': name, refURL: `${origin}/team/${id}` });
    expect(list.resource[1]).toEqual({
      self: `${origin}/resource/T.Okafor`,
      userID: 'T.Okafor',
      firstName: '',
      lastName: 'Okafor',
      extension: '40002',
      skillMap: {},
      autoAvailable: true,
      type: 2,
      team: team(1, 'Default'),
      primarySupervisorOf: { supervisorOfTeamName: [team(6, 'Billing')] },
      secondarySupervisorOf: { supervisorOfTeamName: [team(1, 'Default'), team(9, 'Night Shift')] },
    });
    expect(list.resource[0].skillMap.skillCompetency).toHaveLength(1);
  });

  it('has [] for an empty list, where XML has an empty root', async () => {
    uccx.state.vary({ lists: 'none' });
    expect(await object('/skill')).toEqual({ '@type': 'skillXMLList', skill: [] });
    expect(await xml('/skill')).toBe(`${declaration}<skills/>`);
  });
});

describe('errors of the simulated UCCX', () => {
  it('name the missing instance in both formats, with an array for one error', async () => {
    const missing = { errorData: '5', errorMessage: 'No entity found for query', errorType: 'InstanceNotFound' };
    expect(await object('/resourceGroup/5')).toEqual({ apiError: [missing] });
    expect(await xml('/resourceGroup/5')).toBe(
      `${declaration}<apiErrors><apiError><errorData>5</errorData><errorMessage>No entity found for query</errorMessage><errorType>InstanceNotFound</errorType></apiError></apiErrors>`,
    );
  });

  it.each(['/adminapi/agent', '/adminapi/Resource', '/adminapi', '/adminapi/resource/', '/', '/adminapi/team/6/x'])(
    'say 404 to %s, which is no object',
    async (path) => {
      expect((await asker.ask(path)).status).toBe(404);
    },
  );

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('say 405 to %s and change nothing', async (method) => {
    const answer = await asker.ask('/adminapi/resource/mhorvat', { method, accept: json });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET');
    expect(JSON.parse(answer.text).apiError).toHaveLength(1);
    expect((await asker.ask('/adminapi/resource/mhorvat')).status).toBe(200);
  });
});

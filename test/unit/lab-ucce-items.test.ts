// What the simulated UCCE shows, to whom, and how it changes under a reader; the second half of lab-ucce-simulator.test.ts.
import { beforeEach, describe, expect, it } from 'vitest';
import { askUcce, type Question } from '../lab/ucce-question.ts';
import { smallUcceIds as ids, smallUcce } from '../lab/ucce-small.ts';
import { type UcceLogin, UcceState, ucceLogin } from '../lab/ucce-state.ts';

const supervisor: UcceLogin = { user: 'lead@corp.example.test', password: 'x', role: 'supervisor', agent: ids.lead };
const finance: UcceLogin = { user: 'fin@corp.example.test', password: 'x', role: 'administrator', departments: [5002] };

let state: UcceState;
const ask = (what: string, question?: Question): ReturnType<typeof askUcce> => askUcce(state, what, question);
const everybody = (query = '', question?: Question): readonly number[] =>
  ask(`agent?resultsPerPage=100${query}`, question).ids;
beforeEach(() => {
  state = new UcceState(smallUcce(), [ucceLogin, supervisor, finance]);
});

describe('searching and sorting', () => {
  it('finds a text in the documented fields without regard to case, wildcards being text', () => {
    expect(everybody('&q=hORVAt')).toEqual([...everybody('&q=Horvat')]);
    expect(everybody('&q=Horvat').length).toBeGreaterThan(5);
    expect(everybody('&q=team%20lead')).toEqual([ids.lead]);
    expect(everybody('&q=Ilead@corp')).toEqual([ids.leadOfSecond]);
    expect(everybody('&q=100%25_')).toEqual([ids.withMarkup]);
    expect(everybody('&q=Hor%25t')).toEqual([]);
    expect(everybody('&q=Billing')).toEqual([]);
    expect(ask('agentteam?q=shift').ids).toEqual([5004]);
    expect(ask('agentteam?q=22%20to').ids).toEqual([5004]);
  });

  it('takes departments as an advanced term and refuses one that it does not know', () => {
    expect(everybody('&q=departments:(Support)')).toHaveLength(20);
    expect(everybody('&q=departments:(Supp)')).toHaveLength(0);
    const inBoth = everybody('&q=Horvat%20departments:(Support|Finance)');
    expect([...inBoth, ids.withoutDepartment].sort()).toEqual([...everybody('&q=Horvat')].sort());
    expect(ask('agent?q=phase:moon').status).toBe(400);
  });

  it('sorts by a documented name to the letter', () => {
    const numbers = ask('agent?resultsPerPage=100&sort=agentId%20asc').all('agentId');
    expect(numbers).toEqual([...numbers].sort());
    expect(ask('agent?resultsPerPage=100&sort=agentId').all('agentId')).toEqual(numbers);
    expect(ask('agent?resultsPerPage=100&sort=agentId+desc').all('agentId')).toEqual([...numbers].reverse());
    expect(ask('agent?sort=person.lastName%20desc').one('lastName')).toBe('Weil');
    const documented = 'agentId description supervisor agentStateTrace agentTeam.name person.firstName person.lastName';
    const rest = 'person.userName person.loginEnabled person.ssoEnabled datacenter.name';
    for (const sort of `${documented} ${rest}`.split(' '))
      expect([sort, ask(`agent?sort=${sort}%20desc`).status]).toEqual([sort, 200]);
    for (const sort of ['agentid', 'agentId ASC', 'agentId up', 'changeStamp', 'name', 'toString', 'agentId asc x'])
      expect([sort, ask(`agent?sort=${encodeURIComponent(sort)}`).status]).toEqual([sort, 400]);
  });

  it('sorts teams by name unless told', () => {
    expect(ask('agentteam').ids).toEqual([5006, 5003, 5005, 5004]);
    expect(ask('agentteam?sort=name%20desc').ids).toEqual([5004, 5005, 5003, 5006]);
  });
});

describe('an agent', () => {
  it('has its fields in the order of the beans', () => {
    const order = [...String(ask(`agent/${ids.lead}`).body).matchAll(/<([A-Za-z]+)/g)].map(([, name]) => name);
    const wanted = [
      ...['agent', 'refURL', 'changeStamp', 'agentId', 'agentStateTrace', 'agentTeam', 'department', 'description'],
      ...['peripheral', 'person', 'supervisor', 'agentAttributes', 'agentDeskSettings', 'defaultSkillGroup'],
      ...['skillGroups', 'supervisorTeams'],
    ];
    expect(order.filter((name, index) => wanted.includes(String(name)) && order.indexOf(name) === index)).toEqual(
      wanted,
    );
    expect(String(ask(`agent/${ids.lead}`).body)).toContain(
      '<attribute><refURL>/unifiedconfig/config/attribute/5100</refURL><name>French</name><dataType>4</dataType>' +
        '<description>language</description></attribute><attributeValue>7</attributeValue><description>self-assessed</description>',
    );
  });

  it('keeps the zeros of its number, which is unique on its peripheral only', () => {
    expect(ask('agent/5059').one('agentId')).toBe('008008');
    expect(everybody('&q=8006')).toEqual(expect.arrayContaining([ids.lead, ids.sameNumber]));
    const taken = { agentId: '8006', peripheralId: 5000, person: {} };
    expect(() => state.addAgent(taken)).toThrow('8006');
    expect(() => state.addAgent({ ...taken, peripheralId: 5002 })).not.toThrow();
  });

  it('may lack a department, a team, a name, and may supervise against its mark', () => {
    expect(String(ask(`agent/${ids.withoutDepartment}`).body)).not.toContain('<department>');
    expect(String(ask(`agent/${ids.withoutTeam}`).body)).not.toContain('<agentTeam>');
    expect(String(ask(`agent/${ids.withoutPerson}`).body)).toContain('<person/>');
    const nothing = ask(`agent/${ids.supervisorOfNothing}`);
    expect([nothing.one('supervisor'), String(nothing.body).includes('supervisorTeams')]).toEqual(['true', false]);
    const unmarked = ask(`agent/${ids.supervisorWithoutMark}`);
    expect([unmarked.one('supervisor'), String(unmarked.body).includes('supervisorTeams')]).toEqual(['false', true]);
  });

  it('names no department and no skill group that is marked for deletion', () => {
    state.departments.set(5002, { id: 5002, changeStamp: 2, name: 'Finance', deleted: true });
    state.changeAgent(5018, { skillGroupIds: [5001, 5007] });
    const { body, all } = ask('agent/5018');
    expect(String(body)).not.toContain('<department>');
    expect(all('name')).toEqual(['Night_Shift', 'CUCM_PG_1', 'Default_Agent_Desk_Settings', 'Billing_L1']);
    expect(ask('skillgroup').ids).toEqual([5001, 5002]);
  });

  it('has attributes of two kinds', () => {
    expect(ask(`agent/${ids.lead}`).all('dataType')).toEqual(['4', '3']);
    expect(ask(`agent/${ids.lead}`).all('attributeValue')).toEqual(['7', 'true']);
  });

  it('says ssoEnabled in a word or in a digit', () => {
    expect(ask('agent/5018').one('ssoEnabled')).toBe('true');
    state.vary({ ssoEnabled: 'digit' });
    expect([ask('agent/5017').one('ssoEnabled'), ask('agent/5018').one('ssoEnabled')]).toEqual(['0', '1']);
  });

  it('names the domain of a supervisor apart in old releases', () => {
    expect(ask(`agent/${ids.lead}`).one('userName')).toBe('mhorvat@corp.example.test');
    state.vary({ supervisorLogin: 'supervisor-user-info' });
    const { all, one } = ask(`agent/${ids.lead}`);
    expect([all('userName'), one('domainName')]).toEqual([['mhorvat', 'mhorvat'], 'corp.example.test']);
    expect(ask('agent/5021').all('userName')).toEqual(['agent04@corp.example.test']);
  });

  it('never shows a password', () => {
    for (const accept of ['application/xml', 'application/json'])
      expect(String(ask('agent?resultsPerPage=100', { accept }).body)).not.toMatch(/password/i);
  });

  it('is referred to by a path, or by an address of any host', () => {
    expect(ask('agent/5017').one('refURL')).toBe('/unifiedconfig/config/agent/5017');
    state.vary({ refUrlOrigin: 'https://aw2.example.test', refUrlSuffix: '/' });
    expect(ask('agent/5017').one('refURL')).toBe('https://aw2.example.test/unifiedconfig/config/agent/5017/');
  });
});

describe('an agent team', () => {
  it('counts its agents and supervisors, and names them without a name element', () => {
    const { one, body, all } = ask('agentteam/5003');
    expect([one('agentCount'), one('supervisorCount')]).toEqual(['14', '1']);
    expect(all('name')).toEqual(['Finance', 'Billing', 'CUCM_PG_1']);
    // Fourteen agents, and the lead twice more: as the primary supervisor and as one of the supervisors.
    expect(all('agentId')).toHaveLength(14 + 2);
    expect(String(body)).toMatch(
      /<primarySupervisor><refURL>\/unifiedconfig\/config\/agent\/5017<\/refURL><agentId>8006</,
    );
    expect(ask('skillgroup/5001').one('agentCount')).toBe('40');
  });

  it('is not there for the administrators of some releases, while supervisors read it', () => {
    for (const status of [403, 404] as const) {
      state.vary({ administratorTeams: status });
      expect([ask('agentteam').status, ask('agentteam/5003').status]).toEqual([status, status]);
      expect(ask('agentteam', { as: supervisor }).status).toBe(200);
      expect(ask('agent').status).toBe(200);
    }
  });
});

describe('the view of a login', () => {
  it('is limited to the departments of a department administrator, and to what belongs to none', () => {
    const { ids: found, one } = ask('agent?resultsPerPage=100', { as: finance });
    expect([found.length, one('totalResults'), one('departmentAdmin')]).toEqual([40, '40', 'true']);
    expect(found).toContain(ids.withoutDepartment);
    expect(ask('agentteam', { as: finance }).ids).toEqual([5003, 5005, 5004]);
    expect(ask('department', { as: finance }).ids).toEqual([5002]);
    expect(everybody('')).toHaveLength(60);
    expect(ask('agent/5060', { as: finance }).status).toBe(404);
    state.vary({ hiddenItem: 403 });
    expect(ask('agent/5060', { as: finance }).status).toBe(403);
    expect(ask('agent/1', { as: finance }).status).toBe(404);
  });

  it('shows counts that do not match the members who may be seen', () => {
    state.changeAgent(5057, { teamId: 5003 });
    const { one, all } = ask('agentteam/5003', { as: finance });
    expect([one('agentCount'), all('agentId').length]).toEqual(['15', 14 + 2]);
  });

  it('is limited to the own teams of a supervisor unless the role is ignored', () => {
    const own = ask('agent?resultsPerPage=100', { as: supervisor });
    expect([own.ids.length, own.one('role')]).toEqual([27, 'supervisor']);
    expect(new Set(own.ids.map((id) => state.agents.get(id)?.teamId))).toEqual(new Set([5003, 5004]));
    expect(everybody('&ignoreRole=true', { as: supervisor })).toHaveLength(60);
    expect(ask('agentteam', { as: supervisor }).ids).toEqual([5003, 5005, 5004]);
  });

  it('has no department where the release knows none', () => {
    state.vary({ absentTypes: ['department'] });
    expect([ask('department').status, ask('agent').status]).toEqual([404, 200]);
  });
});

describe('a refusal', () => {
  it('has an apiErrors document, or a text, a page, or nothing at all', () => {
    const { body } = ask('agent?resultsPerPage=101');
    expect(String(body)).toMatch(/<apiErrors><apiError><errorData>resultsPerPage<.*<min>1<\/min><max>100<\/max>/);
    state.vary({ errorBody: 'empty' });
    expect(ask('agent/1')).toMatchObject({ status: 404, body: '' });
    state.vary({ errorBody: 'html' });
    expect(ask('agent/1')).toMatchObject({ status: 404, headers: { 'content-type': 'text/html;charset=UTF-8' } });
    state.vary({ errorBody: 'text' });
    expect(ask('agent/1').body).toBe('The specified ID does not exist in the database.');
  });
});

describe('a change while it is read', () => {
  it('makes the changeStamp grow and is seen in the next answer', () => {
    const [before] = ask('agent/5018').all('changeStamp');
    state.changeAgent(5018, { teamId: 5003, description: undefined, person: { lastName: 'Weil-Okafor' } });
    const after = ask('agent/5018');
    expect(Number(after.one('changeStamp'))).toBe(Number(before) + 1);
    expect([after.one('lastName'), after.one('firstName')]).toEqual(['Weil-Okafor', 'Jonas']);
    expect(ask('agentteam/5003').one('agentCount')).toBe('15');
    state.changeTeam(5003, { name: 'Late' });
    expect(String(ask('agent/5018').body)).toContain('<name>Late</name>');
  });

  it('marks an agent as deleted: hidden, out of its teams, and still a row', () => {
    state.removeAgent(ids.lead);
    expect(ask(`agent/${ids.lead}`).status).toBe(404);
    expect(everybody()).toHaveLength(59);
    const team = ask('agentteam/5003');
    expect([team.one('agentCount'), team.one('supervisorCount')]).toEqual(['13', '0']);
    expect(String(team.body)).not.toContain('primarySupervisor');
    expect(state.agents.get(ids.lead)).toMatchObject({ deleted: true, changeStamp: 2878, supervisorTeamIds: [] });
    expect(state.agents.get(ids.lead)).not.toHaveProperty('teamId');
  });

  it('deletes a team for good, and adds agents and teams under new ids', () => {
    state.removeTeam(5003);
    expect(ask('agentteam/5003').status).toBe(404);
    expect(String(ask(`agent/${ids.lead}`).body)).not.toContain('Billing</name></agentTeam>');
    expect(ask(`agent/${ids.lead}`).all('name')).toContain('Night_Shift');
    const team = state.addTeam({ name: 'Weekend', peripheralId: 5000 });
    const agent = state.addAgent({ agentId: '0001', peripheralId: 5000, person: {}, teamId: team.id });
    expect(agent.id).toBeGreaterThan(5077);
    expect(ask(`agentteam/${team.id}`).one('agentCount')).toBe('1');
  });

  it('can fall between two pages, so that the total changes and somebody slips through', () => {
    const stop = new Set<number>();
    state.afterPage = ({ type, startIndex }) => {
      if (type === 'agent' && startIndex === 0 && stop.size === 0) {
        stop.add(5017);
        state.removeAgent(5017);
      }
    };
    const first = ask('agent');
    const second = ask('agent?startIndex=25');
    expect([first.one('totalResults'), second.one('totalResults')]).toEqual(['60', '59']);
    expect(first.ids.concat(second.ids)).not.toContain(5042);
  });

  it('can lose one and repeat one of two with the same number on the border of a page', () => {
    const numbers = (): readonly number[] =>
      [0, 20, 40].flatMap((start) => ask(`agent?resultsPerPage=20&startIndex=${start}&sort=agentId%20asc`).ids);
    expect(new Set(numbers()).size).toBe(60);
    state.vary({ ties: 'unstable' });
    expect(numbers().filter((id) => id === ids.lead)).toHaveLength(2);
    expect(numbers()).not.toContain(ids.sameNumber);
  });

  it('can lie about the total', () => {
    const undo = state.vary({ totalResults: (truth) => truth + 40 });
    const beyond = ask('agent?startIndex=60');
    expect([beyond.one('totalResults'), beyond.ids.length]).toEqual(['100', 25]);
    undo();
    expect(ask('agent').one('totalResults')).toBe('60');
  });
});

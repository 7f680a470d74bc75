// The simulated UCCE against what is known of the real one; each sentence is a fact of Cisco's documentation or of its clients.
import { XMLValidator } from 'fast-xml-parser';
import { beforeEach, describe, expect, it } from 'vitest';
import { askUcce, type Question } from '../lab/ucce-question.ts';
import { smallUcceIds as ids, smallUcce } from '../lab/ucce-small.ts';
import { type UcceLogin, UcceState, ucceLogin } from '../lab/ucce-state.ts';

const supervisor: UcceLogin = { user: 'lead@corp.example.test', password: 'x', role: 'supervisor', agent: ids.lead };
const finance: UcceLogin = { user: 'fin@corp.example.test', password: 'x', role: 'administrator', departments: [5002] };
const plainAgent: UcceLogin = { user: 'someone@corp.example.test', password: 'x', role: 'agent' };
const local: UcceLogin = { user: 'svc-local', password: 'x', role: 'administrator' };

let state: UcceState;
const ask = (what: string, question?: Question): ReturnType<typeof askUcce> => askUcce(state, what, question);
beforeEach(() => {
  state = new UcceState(smallUcce(), [ucceLogin, supervisor, finance, plainAgent, local]);
});

describe('signing in to a UCCE', () => {
  it('needs a login with its domain', () => {
    expect(ask('agent').status).toBe(200);
    expect(ask('agent', { as: local }).status).toBe(401);
    expect(ask('agent', { user: 'CORP\\svc-rosterd' }).status).toBe(401);
    expect(ask('agent', { user: 'nobody' })).toMatchObject({ status: 401, body: '' });
    expect(ask('agent', { user: 'stranger@corp.example.test' }).status).toBe(401);
    expect(ask('agent', { as: local }).headers?.['www-authenticate']).toContain('Basic');
  });

  it('is not for agents', () => {
    expect(ask('agent', { as: plainAgent }).status).toBe(403);
  });

  it('allows nothing but reading', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) expect(ask('agent/5017', { method }).status).toBe(405);
  });
});

describe('the addresses of a UCCE', () => {
  it('are in lower case, by type and by id', () => {
    for (const type of ['agent', 'agentteam', 'skillgroup', 'attribute', 'department']) {
      const { status, ids: found } = ask(type);
      expect([status, found.length > 0]).toEqual([200, true]);
      expect(ask(`${type}/${found[0]}`).ids).toEqual([found[0]]);
    }
    for (const wrong of ['Agent', 'agentTeam', 'agents', 'agent/', 'agent/5017/', 'person', ''])
      expect([wrong, ask(wrong).status]).toEqual([wrong, 404]);
  });

  it('answer an id that is not there with notFound.dbData', () => {
    for (const unknown of ['agent/1', 'agentteam/5017', `agent/${ids.deleted}`, 'agent/abc']) {
      const { status, one } = ask(unknown);
      expect([unknown, status, one('errorType')]).toEqual([unknown, 404, 'notFound.dbData']);
    }
  });
});

describe('the representation', () => {
  it('is XML unless JSON is asked for first', () => {
    for (const accept of [
      'application/xml',
      '*/*',
      '',
      'application/xml, application/json',
      'application/json;q=0.5, */*',
    ])
      expect([accept, ask('agent', { accept }).headers?.['content-type']]).toEqual([accept, 'application/xml']);
    for (const accept of ['application/json', 'application/json, text/plain, */*'])
      expect([accept, ask('agent', { accept }).headers?.['content-type']]).toEqual([accept, 'application/json']);
    for (const accept of ['application/xml;q=0', 'text/html'])
      expect([accept, ask('agent', { accept }).status]).toEqual([accept, 406]);
  });

  it('refuses JSON with 406 where a type has none', () => {
    state.vary({ json: 'refused' });
    expect(ask('agent', { accept: 'application/json' }).status).toBe(406);
    expect(ask('agent', { accept: 'application/json, */*' }).headers?.['content-type']).toBe('application/xml');
  });

  it('wraps collections of JSON in an array with one object, and has no root', () => {
    const { agents, pageInfo, ...rest } = JSON.parse(
      String(ask('agent?resultsPerPage=1', { accept: 'application/json' }).body),
    );
    expect(Object.keys(rest)).toEqual(['permissionInfo']);
    expect(pageInfo).toMatchObject({ resultsPerPage: 1, startIndex: 0, totalResults: 60 });
    expect(agents[0].agent[0]).toMatchObject({
      refURL: '/unifiedconfig/config/agent/5017',
      agentId: '8006',
      agentTeam: { refURL: '/unifiedconfig/config/agentteam/5003', name: 'Billing' },
      person: { firstName: 'Mira', loginEnabled: true },
      supervisorTeams: [{ supervisorTeam: [{ name: 'Billing' }, { name: 'Night_Shift' }] }],
    });
    state.vary({ singleJsonItem: 'object' });
    const single = JSON.parse(String(ask('agent?resultsPerPage=1', { accept: 'application/json' }).body));
    expect(single.agents[0].agent.agentId).toBe('8006');
    const { apiError } = JSON.parse(String(ask('agent/1', { accept: 'application/json' }).body));
    expect(apiError[0].errorType).toBe('notFound.dbData');
  });

  it('is well formed in every notation', () => {
    const questions = [
      'agent?resultsPerPage=100',
      'agentteam',
      'skillgroup',
      'attribute',
      'department',
      'agent/5020',
      'agent/1',
    ];
    for (const namespace of ['none', 'default', 'prefix'] as const) {
      state.vary({ namespace, emptyCollection: 'empty', deadLink: 'empty' });
      for (const what of questions) expect(XMLValidator.validate(String(ask(what).body))).toBe(true);
    }
    expect(String(ask('agent').body)).toContain('<ns2:results xmlns:ns2=');
    state.vary({ declaration: 'none', namespace: 'default', typeMarks: 'none' });
    const body = String(ask('agent').body);
    expect(body.startsWith('<results xmlns=')).toBe(true);
    expect(body).not.toContain('xsi:');
  });

  it('writes markup and other letters as entities', () => {
    expect(ask('agent/5020').one('description')).toBe('&lt;b&gt;night &amp; &quot;day&quot;&lt;/b&gt; 100%_');
    expect(ask('agent/5021').one('firstName')).toBe('Zoë');
    state.vary({ text: 'numeric-references' });
    expect(ask('agent/5021').one('firstName')).toBe('Zo&#235;');
  });

  it('writes no character that XML forbids', () => {
    state.changeAgent(5018, { description: 'a\u0001b\u0000c' });
    expect(ask('agent/5018').one('description')).toBe('abc');
  });
});

describe('a list of a UCCE', () => {
  it('has 25 results unless told, and at most 100', () => {
    expect(ask('agent').ids).toHaveLength(25);
    expect(ask('agent?resultsPerPage=60').ids).toHaveLength(60);
    expect(ask('agent?resultsPerPage=100').one('resultsPerPage')).toBe('100');
    for (const size of ['0', '101', '-1', '2x', '']) {
      const { status, one } = ask(`agent?resultsPerPage=${size}`);
      expect([size, status, one('errorType'), one('max')]).toEqual([size, 400, 'invalidInput.outOfRange', '100']);
    }
    state.vary({ oversizedPage: 'clamp' });
    expect(ask('agent?resultsPerPage=500').one('resultsPerPage')).toBe('100');
  });

  it('counts from zero and links its pages', () => {
    const first = ask('agent?resultsPerPage=25');
    expect([first.one('startIndex'), first.one('totalResults'), first.one('prevPage')]).toEqual(['0', '60', undefined]);
    const address = 'https://aw1.example.test/unifiedconfig/config/agent?';
    expect(first.one('firstPage')).toBe(`${address}resultsPerPage=25`);
    expect(first.one('lastPage')).toBe(`${address}startIndex=50&amp;resultsPerPage=25`);
    expect(first.one('nextPage')).toBe(`${address}startIndex=25&amp;resultsPerPage=25`);
    const last = ask('agent?resultsPerPage=25&startIndex=50&sort=agentId%20desc');
    expect([last.ids.length, last.one('nextPage')]).toEqual([10, undefined]);
    expect(last.one('prevPage')).toBe(`${address}startIndex=25&amp;resultsPerPage=25&amp;sort=agentId%20desc`);
    expect(last.one('sortTerm')).toBe('agentId desc');
    const third = ask('agent?resultsPerPage=20&startIndex=40');
    expect([third.ids.length, third.one('nextPage')]).toEqual([20, undefined]);
    expect(third.one('lastPage')).toBe(`${address}startIndex=40&amp;resultsPerPage=20`);
  });

  it('shows a link that leads nowhere as an empty element, and the others at another origin', () => {
    state.vary({ deadLink: 'empty', linkOrigin: 'http://other.example.test' });
    const body = String(ask('agent').body);
    expect(body).toContain('<prevPage/>');
    expect(body).toContain('<nextPage>http://other.example.test/');
    state.vary({ nextPage: 'never', deadLink: 'missing' });
    expect(String(ask('agent').body)).not.toContain('nextPage');
  });

  it('answers a start beyond the end with a full last page', () => {
    const beyond = ask('agent?resultsPerPage=25&startIndex=75');
    expect([beyond.ids.length, beyond.one('startIndex'), beyond.ids.at(-1)]).toEqual([25, '35', 5076]);
    expect(ask('agent?resultsPerPage=25&startIndex=60').ids).toEqual(beyond.ids);
    expect(ask('agent?resultsPerPage=100&startIndex=900').ids).toHaveLength(60);
    state.vary({ beyondTheEnd: 'last-link' });
    expect(ask('agent?resultsPerPage=25&startIndex=75').ids).toHaveLength(10);
  });

  it('gives everybody once to a client that pages by index', () => {
    const seen = [0, 25, 50].flatMap((start) => ask(`agent?startIndex=${start}&sort=agentId%20asc`).ids);
    expect(new Set(seen).size).toBe(60);
  });

  it('may come without its wrapper when nothing is found', () => {
    const { one, body } = ask('agent?q=nobodylikethis');
    expect([one('totalResults'), one('startIndex')]).toEqual(['0', '0']);
    expect(String(body)).not.toContain('<agents');
    state.vary({ emptyCollection: 'empty' });
    expect(String(ask('agent?q=nobodylikethis').body)).toContain('<agents/>');
  });

  it('says what the login may do, but not for a type without writes', () => {
    const { one } = ask('agent');
    expect([one('canCreate'), one('departmentAdmin'), one('role')]).toEqual(['false', 'false', 'Administrator']);
    expect(ask('agent', { as: finance }).one('canCreate')).toBe('true');
    state.vary({ typesWithoutWrites: ['attribute'] });
    expect(String(ask('attribute').body)).not.toContain('permissionInfo');
  });

  it('refuses a parameter that is not documented', () => {
    for (const query of ['startindex=0', 'ResultsPerPage=5', 'page=2', 'summary=yes', 'startIndex=0&startIndex=25'])
      expect([query, ask(`agent?${query}`).status]).toEqual([query, 400]);
    expect(ask('agentteam?ignoreRole=true').status).toBe(400);
    expect(ask('agent/5017?summary=true').status).toBe(400);
  });

  it('drops the collections of a summary and says so in its type', () => {
    expect(String(ask('agent').body)).toContain('xsi:type="agent"');
    const body = String(ask('agent?summary=true').body);
    expect(body).toContain('xsi:type="agentSummary"');
    expect(body).toContain('<agentTeam>');
    for (const left of ['supervisorTeams', 'skillGroups', 'agentAttributes', 'agentDeskSettings'])
      expect(body).not.toContain(left);
    const teams = ask('agentteam?summary=true');
    expect(String(teams.body)).not.toContain('<agents>');
    expect(teams.all('agentCount')).toHaveLength(4);
    expect(String(ask('agent?selectedSkillGroup=5001').body)).toContain('agentSummary');
    expect(String(ask('skillgroup?summary=true').body)).toContain('xsi:type="skillGroupSummary"');
  });
});

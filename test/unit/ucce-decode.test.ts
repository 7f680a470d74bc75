// Agents in all the forms that cisco-apis.md 2.3 and 2.8 name, and in some that no server should send.
import { describe, expect, it } from 'vitest';
import { type AgentDecoding, agentAttributes, decodeAgent } from '../../connectors/ucce/agent.ts';
import { parseXml } from '../../connectors/xml-document.ts';

const plain = {
  refURL: '<refURL>/unifiedconfig/config/agent/5017</refURL>',
  changeStamp: '<changeStamp>2877</changeStamp>',
  agentId: '<agentId>08006</agentId>',
  agentTeam: '<agentTeam><refURL>/unifiedconfig/config/agentteam/5003</refURL><name>Billing</name></agentTeam>',
  department: '<department><refURL>/unifiedconfig/config/department/5002</refURL><name>Finance</name></department>',
  description: '<description>team lead</description>',
  peripheral: '<peripheral><id>5000</id><name>CUCM_PG_1</name></peripheral>',
  person:
    '<person><firstName>Mira</firstName><lastName>Horvat</lastName><loginEnabled>true</loginEnabled><ssoEnabled>false</ssoEnabled><userName>mhorvat@corp.example.test</userName></person>',
  supervisor: '<supervisor>true</supervisor>',
  skillGroups:
    '<skillGroups><skillGroup><name>Billing_L1</name></skillGroup><skillGroup><name>Billing_L2</name></skillGroup></skillGroups>',
  defaultSkillGroup: '<defaultSkillGroup><name>Billing_L1</name></defaultSkillGroup>',
  agentAttributes:
    '<agentAttributes><agentAttribute><attribute><name>French</name><dataType>4</dataType></attribute><attributeValue>7</attributeValue></agentAttribute></agentAttributes>',
  agentDeskSettings: '<agentDeskSettings><name>Default</name></agentDeskSettings>',
  supervisorTeams:
    '<supervisorTeams><supervisorTeam><refURL>/unifiedconfig/config/agentteam/5003</refURL><name>Billing</name></supervisorTeam><supervisorTeam><refURL>/unifiedconfig/config/agentteam/5004</refURL><name>Night</name></supervisorTeam></supervisorTeams>',
} as const;

type Parts = Partial<Record<keyof typeof plain | 'more', string>>;

const agentXml = (parts: Parts = {}, head = ''): string =>
  `<agent${head}>${Object.values({ ...plain, ...parts }).join('')}</agent>`;
const decode = (parts: Parts = {}, head = ''): AgentDecoding => decodeAgent(parseXml(agentXml(parts, head)), []);

function agent(parts: Parts = {}, head = '') {
  const decoding = decode(parts, head);
  if (decoding.kind !== 'agent') throw new Error(`rejected: ${decoding.rejected.because}`);
  return decoding.agent;
}

function rejected(parts: Parts) {
  const decoding = decode(parts);
  if (decoding.kind !== 'rejected') throw new Error('it was taken');
  return decoding.rejected;
}

describe('agent of UCCE', () => {
  it('becomes an account with every attribute', () => {
    expect(agent()).toEqual({
      department: 'Finance',
      peripheral: 'CUCM_PG_1',
      peripheralId: '5000',
      agentId: '08006',
      team: { id: '5003', name: 'Billing' },
      supervises: [
        { id: '5003', name: 'Billing' },
        { id: '5004', name: 'Night' },
      ],
      isSummary: false,
      changeStamp: 2877,
      account: {
        id: '5017',
        name: 'mhorvat@corp.example.test',
        status: 'enabled',
        unread: [],
        attributes: {
          agentid: ['08006'],
          username: ['mhorvat@corp.example.test'],
          firstname: ['Mira'],
          lastname: ['Horvat'],
          emailaddress: [],
          loginenabled: ['true'],
          ssoenabled: ['false'],
          supervisor: ['true'],
          agentteam: ['Billing'],
          agentteamid: ['5003'],
          department: ['Finance'],
          description: ['team lead'],
          peripheral: ['CUCM_PG_1'],
          peripheralid: ['5000'],
          skillgroups: ['Billing_L1', 'Billing_L2'],
          defaultskillgroup: ['Billing_L1'],
          agentattributes: ['French=7'],
          agentdesksettings: ['Default'],
        },
      },
    });
    expect(new Set(Object.keys(agent().account.attributes))).toEqual(agentAttributes);
  });

  it.each<[string, Parts, string]>([
    ['xsi:type and namespaces', {}, ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="agent"'],
    [
      'unknown elements',
      { more: '<agentStateTrace>false</agentStateTrace><new><refURL>/x/agent/1</refURL></new>' },
      '',
    ],
    ['the password, unread', { more: '<password>hunter2</password>' }, ''],
    [
      'an absolute refURL',
      { refURL: '<refURL>https://aw2.example.test:8443/unifiedconfig/config/agent/5017</refURL>' },
      '',
    ],
    [
      'a refURL with slash and query',
      { refURL: '<refURL>/unifiedconfig/config/agent/5017/?summary=false</refURL>' },
      '',
    ],
    ['blanks around text', { agentId: '<agentId>\n  08006 </agentId>' }, ''],
    ['a flag as a number', { supervisor: '<supervisor>1</supervisor>' }, ''],
  ])('is the same with %s', (_, parts, head) => {
    expect(agent(parts, head)).toEqual(agent());
  });

  it.each([
    ['true', 'enabled', ['true']],
    ['1', 'enabled', ['true']],
    ['FALSE', 'disabled', ['false']],
    ['0', 'disabled', ['false']],
    ['', 'unknown', []],
  ] as const)('takes loginEnabled and ssoEnabled %s', (written, status, values) => {
    const person = `<person><userName>u</userName><loginEnabled>${written}</loginEnabled><ssoEnabled>${written}</ssoEnabled></person>`;
    const { account } = agent({ person });
    expect(account.status).toBe(status);
    expect(account.attributes).toMatchObject({ loginenabled: values, ssoenabled: values });
  });

  it.each([
    [
      'apart',
      '<person><userName>mhorvat</userName></person>',
      'mhorvat',
      'corp.example.test',
      'mhorvat@corp.example.test',
    ],
    ['apart, nothing in the person', '<person/>', 'mhorvat', 'corp.example.test', 'mhorvat@corp.example.test'],
    ['whole in both', '<person><userName>m@a.test</userName></person>', 'x', 'b.test', 'm@a.test'],
    ['whole in the apart one', '<person/>', 'm@a.test', 'b.test', 'm@a.test'],
    ['without a domain', '<person><userName>mhorvat</userName></person>', 'mhorvat', '', 'mhorvat'],
  ])('makes one user name of a supervisor with name and domain %s', (_, person, userName, domainName, expected) => {
    const more = `<supervisorUserInfo><userName>${userName}</userName><domainName>${domainName}</domainName></supervisorUserInfo>`;
    const { account } = agent({ person, more });
    expect(account.name).toBe(expected);
    expect(account.attributes['username']).toEqual([expected]);
  });

  it('is named by its agent ID when it has no user name, and keeps what an absent person would clear', () => {
    const empty = agent({ person: '<person/>' }).account;
    expect(empty).toMatchObject({ name: '08006', status: 'unknown', unread: [] });
    expect(empty.attributes).toMatchObject({ username: [], firstname: [], loginenabled: [] });
    const absent = agent({ person: '' }).account;
    expect(absent).toMatchObject({ name: '08006', status: 'unknown' });
    expect(absent.unread).toEqual(['username', 'firstname', 'lastname', 'emailaddress', 'loginenabled', 'ssoenabled']);
    expect(absent.attributes).not.toHaveProperty('username');
  });

  it('has no team, no supervised team, no place and no list when it says none', () => {
    const none = {
      agentTeam: '',
      department: '',
      peripheral: '',
      skillGroups: '',
      agentAttributes: '<agentAttributes/>',
    };
    const bare = agent({ ...none, supervisorTeams: '', description: '<description/>', agentDeskSettings: '' });
    expect(bare).toMatchObject({ team: undefined, supervises: [], department: undefined, peripheral: undefined });
    expect(bare.account.unread).toEqual([]);
    for (const name of ['agentteam', 'agentteamid', 'department', 'description', 'skillgroups', 'agentattributes']) {
      expect(bare.account.attributes[name], name).toEqual([]);
    }
  });

  it('takes supervised teams and the mark of a supervisor as they are said', () => {
    expect(agent({ supervisorTeams: '' })).toMatchObject({
      supervises: [],
      account: { attributes: { supervisor: ['true'] } },
    });
    expect(agent({ supervisor: '<supervisor>false</supervisor>' })).toMatchObject({
      supervises: [{ id: '5003' }, { id: '5004' }],
      account: { attributes: { supervisor: ['false'] } },
    });
  });

  it('leaves what the short form does not have unread', () => {
    const head = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="agentSummary"';
    const short = agent({ skillGroups: '', agentAttributes: '', supervisorTeams: '' }, head);
    expect(short.isSummary).toBe(true);
    expect(short.account.unread).toEqual(['skillgroups', 'defaultskillgroup', 'agentattributes', 'agentdesksettings']);
    expect(short.account.attributes).not.toHaveProperty('skillgroups');
  });

  it('does not know a team by a name that is not given', () => {
    const { team, account } = agent({ agentTeam: '<agentTeam><refURL>/config/agentteam/7</refURL></agentTeam>' });
    expect(team).toEqual({ id: '7', name: undefined });
    expect(account.attributes).toMatchObject({ agentteamid: ['7'] });
    expect(account.unread).toEqual(['agentteam']);
  });

  it('gives text in NFC with its references resolved', () => {
    const { account } = agent({ description: '<description>Cafe&#x301; &amp; Co</description>' });
    expect(account.attributes['description']).toEqual(['Caf\u00e9 & Co']);
  });

  it('names what is wanted and what no UCCE has as unread', () => {
    const decoding = decodeAgent(parseXml(agentXml()), ['mail']);
    expect(decoding).toMatchObject({ kind: 'agent', agent: { account: { unread: ['mail'] } } });
  });

  it.each<[string, Parts, string | undefined, string]>([
    ['no refURL', { refURL: '' }, undefined, 'refURL'],
    [
      'a refURL of something else',
      { refURL: '<refURL>/unifiedconfig/config/person/5017</refURL>' },
      undefined,
      'refURL',
    ],
    ['a refURL without a number', { refURL: '<refURL>/unifiedconfig/config/agent/new</refURL>' }, undefined, 'refURL'],
    ['nothing to name it by', { agentId: '', person: '' }, '5017', 'neither'],
    ['loginEnabled in other words', { person: '<person><loginEnabled>maybe</loginEnabled></person>' }, '5017', 'maybe'],
    ['a team that cannot be told', { agentTeam: '<agentTeam><name>Billing</name></agentTeam>' }, '5017', 'agentTeam'],
    [
      'a supervised team that cannot be told',
      { supervisorTeams: '<supervisorTeams><supervisorTeam><name>B</name></supervisorTeam></supervisorTeams>' },
      '5017',
      'supervisorTeam',
    ],
  ])('is rejected with %s', (_, parts, id, because) => {
    const record = rejected(parts);
    expect(record.id).toBe(id);
    expect(record.because).toContain(because);
    expect(record.label).not.toBe('');
  });
});

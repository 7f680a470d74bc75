// The UCCE connector keeps the contract of all connectors and that of those over HTTP, against the simulated UCCE in several notations,
// and reads what it must when logins see less, releases differ and the staff changes in the middle of a read.
import { afterEach, describe, expect, it } from 'vitest';
import { ucce } from '../../connectors/ucce/index.ts';
import type { Connector } from '../../src/connector.ts';
import { asExternalId } from '../../src/model/ids.ts';
import type { HttpFault } from '../lab/http-faults.ts';
import type { UcceAgent, UcceData } from '../lab/ucce-data.ts';
import { startUcceSimulator, type UcceSimulator, type UcceSimulatorOptions } from '../lab/ucce-simulator.ts';
import { smallUcce, smallUcceIds } from '../lab/ucce-small.ts';
import { ucceLogin } from '../lab/ucce-state.ts';
import type { UcceVariants } from '../lab/ucce-variants.ts';
import { accountsOf, collect, disturbedConnectorContract, groupsOf, membersOf } from './connector-contract.ts';
import { type HttpFaultKind, httpConnectorContract, loginShown } from './http-connector-contract.ts';

/** Those who are not marked for deletion. */
const people = 260;

/** The small UCCE with 200 agents more, so that they fill three pages; names are not in NFC. */
function contractData(): UcceData {
  const small = smallUcce();
  const more = Array.from(
    { length: people - 60 },
    (_, index): UcceAgent => ({
      id: 6_000 + index,
      changeStamp: 1,
      agentId: String(20_000 + index),
      peripheralId: 5_000,
      person: {
        firstName: 'Zoe\u0301',
        lastName: 'Mu\u0308ller',
        userName: `more${index}@corp.example.test`,
        loginEnabled: true,
      },
      supervisor: index % 25 === 0,
      teamId: 5_003 + (index % 3),
      supervisorTeamIds: index % 25 === 0 ? [5_004] : [],
      attributes: [],
      skillGroupIds: [5_001],
    }),
  );
  return { ...small, agents: [...small.agents, ...more] };
}

function make(server: UcceSimulator, change: object = {}, tls: object = { caFile: server.caFile }): Connector {
  const settings = ucce.settingsSchema.parse({
    connection: {
      servers: [server.url],
      tls,
      login: server.login,
      timeouts: { connectMs: 1_000, requestMs: 1_000, idleMs: 1_000 },
      maxBodyBytes: 8_388_608,
    },
    ...change,
  });
  return ucce.create(settings, { account: ['username', 'agentid'], group: ['description'] });
}

describe.each<[string, Partial<UcceVariants>]>([
  ['as documented', {}],
  [
    'with absolute references, prefixes, digits and empty lists',
    {
      refUrlOrigin: 'https://aw9.example.test',
      refUrlSuffix: '/?x=1',
      namespace: 'prefix',
      ssoEnabled: 'digit',
      emptyCollection: 'empty',
      deadLink: 'empty',
      text: 'numeric-references',
    },
  ],
  [
    'of an old release, without marks of types and without links',
    {
      supervisorLogin: 'supervisor-user-info',
      declaration: 'none',
      namespace: 'default',
      typeMarks: 'none',
      nextPage: 'never',
    },
  ],
])('ucce connector on the simulated UCCE %s', (_name, variants) => {
  disturbedConnectorContract(async () => {
    const server = await startUcceSimulator({ data: contractData(), variants });
    return {
      make: () => make(server),
      accounts: people,
      groups: 4,
      tellsTime: true,
      deleteAccount: async () => {
        server.state.removeAgent(6_100);
        return asExternalId('6100');
      },
      strangerId: asExternalId('999999'),
      connections: () => server.connectionCount(),
      cut: () => server.faults.add({ kind: 'truncated', how: 'chunked', after: 1 }),
      hang: () => server.faults.add({ kind: 'hang', at: 'body', after: 1 }),
      slow: () => server.faults.add({ kind: 'slow-first-byte', ms: 100 }),
      stop: () => server.stop(),
    };
  });
});

describe('ucce connector over HTTP that fails', () => {
  httpConnectorContract(async () => {
    const server = await startUcceSimulator({ data: contractData() });
    const fault = (one: HttpFault): (() => void) => server.faults.add(one);
    const spoilRecord = (): (() => void) => {
      server.state.changeAgent(6_030, { person: { loginEnabled: 'maybe' as never } });
      return () => void server.state.changeAgent(6_030, { person: { loginEnabled: true } });
    };
    const { user, password } = server.login;
    const secrets = [password, Buffer.from(`${user}:${password}`).toString('base64')];
    const faults: Readonly<Record<HttpFaultKind, () => () => void>> = {
      'slow-answer': () => fault({ kind: 'slow-first-byte', ms: 100 }),
      'truncated-length': () => fault({ kind: 'truncated', how: 'content-length' }),
      'truncated-chunks': () => fault({ kind: 'truncated', how: 'chunked' }),
      'cut-document': () => fault({ kind: 'cut-document', keepBytes: 400 }),
      'html-page': () => fault({ kind: 'html', status: 200 }),
      'unauthorized-midway': () => fault({ kind: 'unauthorized', nth: 2 }),
      busy: () => fault({ kind: 'status', status: 503, retryAfter: '120' }),
      reset: () => fault({ kind: 'reset', at: 'body' }),
      'idle-close': () => fault({ kind: 'reset', at: 'before-headers', nth: 2 }),
      'login-shown': () =>
        fault({ kind: 'status', status: 200, contentType: 'application/xml', body: loginShown(secrets) }),
      redirect: () => fault({ kind: 'redirect', to: `${server.url}/unifiedconfig/config/agentteam` }),
      'gzip-bomb': () => fault({ kind: 'gzip-bomb' }),
      'huge-body': () => fault({ kind: 'endless' }),
      'invalid-text': () => fault({ kind: 'invalid-utf8' }),
      'undecodable-record': spoilRecord,
    };
    return {
      make: () => make(server),
      makeUntrusting: () => make(server, {}, {}),
      accounts: people,
      fault: (kind) => faults[kind](),
      statuses: () => server.requests.map(({ status }) => status),
      connections: () => server.connectionCount(),
      secrets,
      stop: () => server.stop(),
    };
  });
});

const gone = asExternalId('999999');
const never = new AbortController().signal;
const running: UcceSimulator[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function started(options: UcceSimulatorOptions = {}): Promise<UcceSimulator> {
  const server = await startUcceSimulator({ data: contractData(), ...options });
  running.push(server);
  return server;
}

const named = (user: string, role: object) => ({ ...ucceLogin, user, ...role });

describe('ucce connector', () => {
  it('reads what the small UCCE holds, oddities included', async () => {
    const read = await collect(make(await started({ data: smallUcce() })));
    const account = (id: number) => accountsOf(read).find((one) => one.id === String(id));
    expect(account(smallUcceIds.lead)).toMatchObject({
      name: 'mhorvat@corp.example.test',
      status: 'enabled',
      attributes: {
        agentid: ['8006'],
        emailaddress: ['mira.horvat@corp.example.test'],
        agentteam: ['Billing'],
        agentattributes: ['French=7', 'VIP=true'],
        defaultskillgroup: ['Billing_L1'],
        supervisor: ['true'],
      },
    });
    expect(account(smallUcceIds.sameNumber)?.attributes['agentid']).toEqual(['8006']);
    expect(account(smallUcceIds.withMarkup)?.attributes['description']).toEqual(['<b>night & "day"</b> 100%_']);
    expect(account(smallUcceIds.withoutPerson)).toMatchObject({ name: '8012', status: 'unknown' });
    expect(account(smallUcceIds.withoutTeam)?.attributes['agentteam']).toEqual([]);
    expect(account(smallUcceIds.deleted)).toBeUndefined();
    const managing = read.pages.flatMap(({ edges }) => edges).filter(({ relation }) => relation === 'manages');
    expect(
      Object.fromEntries(managing.map(({ group, members }) => [group, members.map(({ value }) => value)])),
    ).toEqual({
      '5003': ['5017'],
      '5004': ['5017'],
      '5005': ['5019'],
      '5006': ['5057'],
    });
  });

  it('calls what the administrator of a department sees partial', async () => {
    const server = await started({ logins: [named('dep@corp.example.test', { departments: [5_002] })] });
    const read = await collect(make(server));
    expect(read.outcome).toMatchObject({ kind: 'partial', because: expect.stringContaining('single departments') });
    expect(accountsOf(read).length).toBeLessThan(people);
  });

  it('calls what a supervisor sees partial, and all agents complete when a witness of another team came', async () => {
    const logins = [named('mhorvat@corp.example.test', { role: 'supervisor', agent: smallUcceIds.lead })];
    const server = await started({ logins });
    const own = await collect(make(server));
    expect(own.outcome).toMatchObject({ kind: 'partial', because: expect.stringContaining('own teams only') });
    expect(accountsOf(own).length).toBeLessThan(people);
    const trusting = await collect(make(server, { ignoreRole: true }));
    expect(trusting.outcome).toMatchObject({ kind: 'partial', because: expect.stringContaining('witnesses') });
    const connector = make(server, { ignoreRole: true, witnesses: ['more7@corp.example.test'] });
    const everybody = await collect(connector);
    expect(everybody.outcome).toMatchObject({ kind: 'complete', counts: { accounts: people } });
    // By their numbers it is answered for its own teams only.
    const answers = await connector.confirm('account', [...accountsOf(everybody).map(({ id }) => id), gone], never);
    expect(answers.get(gone)).toMatchObject({ kind: 'absent', evidence: expect.stringContaining('list') });
    expect([...answers.values()].filter(({ kind }) => kind === 'present')).toHaveLength(people);
  });

  it.each([403, 404] as const)(
    'takes the teams from the agents where administrators get %i',
    async (administratorTeams) => {
      for (const errorBody of ['api-errors', 'html', 'empty'] as const) {
        const read = await collect(make(await started({ variants: { administratorTeams, errorBody } })));
        // 404 with a page for people is what a server says while it starts.
        const kind = administratorTeams === 404 && errorBody === 'html' ? 'partial' : 'complete';
        expect(read.outcome, errorBody).toMatchObject({ kind, proof: { teams: 'agents' } });
        expect(
          groupsOf(read)
            .map(({ name }) => name)
            .sort(),
        ).toEqual(['Antwerpen', 'Billing', 'Claims & Returns', 'Night_Shift']);
        expect(membersOf(read, '5006')).toContain(String(smallUcceIds.leadOfSecond));
      }
    },
  );

  it('begins again when somebody is added in the middle, and gives everybody once', async () => {
    const server = await started();
    server.state.afterPage = ({ type, startIndex }) => {
      if (type !== 'agent' || startIndex !== 100) return;
      server.state.afterPage = undefined;
      server.state.addAgent({ agentId: '00001', peripheralId: 5_000, person: { userName: 'new@corp.example.test' } });
    };
    const read = await collect(make(server));
    expect(read.outcome).toMatchObject({
      kind: 'complete',
      counts: { accounts: people + 1 },
      proof: { begunAgain: expect.any(String) },
    });
    expect(accountsOf(read).map(({ name }) => name)).toContain('new@corp.example.test');
  });

  it('is partial when somebody is deleted in the middle, and complete the next time', async () => {
    const server = await started();
    server.state.afterPage = () => {
      server.state.afterPage = undefined;
      server.state.removeAgent(smallUcceIds.leadOfSecond);
    };
    expect((await collect(make(server))).outcome).toMatchObject({
      kind: 'partial',
      because: expect.stringContaining('vanished'),
    });
    expect((await collect(make(server))).outcome).toMatchObject({ kind: 'complete', counts: { accounts: people - 1 } });
  });

  it('reads everybody of two peripherals with the same agent IDs, whose order differs from page to page', async () => {
    const data = contractData();
    const doubles = data.agents.filter(({ id }) => id >= 6_000);
    const others = doubles.map((agent): UcceAgent => ({ ...agent, id: agent.id + 1_000, peripheralId: 5_001 }));
    const server = await started({
      data: { ...data, agents: [...data.agents, ...others] },
      variants: { ties: 'unstable' },
    });
    const read = await collect(make(server));
    expect(read.outcome).toMatchObject({ kind: 'complete', counts: { accounts: people + others.length } });
    expect(read.outcome.kind === 'complete' && read.outcome.proof['begunAgain']).toContain('different ones came');
  });

  it('is partial when the server states more than it has', async () => {
    const server = await started({ variants: { totalResults: (truth) => truth + 40 } });
    const { outcome } = await collect(make(server));
    expect(outcome).toMatchObject({ kind: 'partial', errorCode: 'source-protocol' });
    expect(server.requests.length).toBeLessThan(10);
  });

  it('takes the second server when the first is down, and stays with it', async () => {
    const server = await started();
    const { connection } = ucce.settingsSchema.parse({
      connection: { servers: ['https://127.0.0.1:1', server.url], tls: { caFile: server.caFile }, login: server.login },
    });
    const read = await collect(make(server, { connection }));
    expect(read.outcome).toMatchObject({ kind: 'complete', proof: { server: server.url } });
  });
});

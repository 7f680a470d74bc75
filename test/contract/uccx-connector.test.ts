// The UCCX connector keeps the contract of all connectors and that of those over HTTP, against the simulated UCCX in both formats.
import { describe } from 'vitest';
import { uccx } from '../../connectors/uccx/index.ts';
import type { Connector } from '../../src/connector.ts';
import { asExternalId } from '../../src/model/ids.ts';
import type { HttpFault } from '../lab/http-faults.ts';
import type { UccxData, UccxResource, UccxTeam } from '../lab/uccx-data.ts';
import { startUccxSimulator, type UccxSimulator } from '../lab/uccx-simulator.ts';
import type { UccxVariants } from '../lab/uccx-variants.ts';
import { disturbedConnectorContract } from './connector-contract.ts';
import { type HttpFaultKind, httpConnectorContract, loginShown } from './http-connector-contract.ts';

const people = 250;
const strange = ['anna maria', 'a+b', '100%', 'j\u00fcrgen@corp', 'T.Okafor', 'a#b?c', 'Mu\u0308ller'];

function contractData(): UccxData {
  const resources: UccxResource[] = Array.from({ length: people }, (_, index) => ({
    userID: strange[index] ?? `Person${index}`,
    firstName: index === 10 ? '' : 'Zoe\u0301',
    lastName: `Lindqvist ${index}`,
    extension: String(40_000 + index),
    ...(index % 3 === 0 ? {} : { alias: index % 3 === 1 ? '' : `a${index}` }),
    ...(index % 2 === 0 ? { resourceGroupId: 7 } : {}),
    skills: index % 4 === 0 ? [] : [{ skillId: 37, level: 8 }],
    autoAvailable: index % 5 !== 0,
    type: index % 20 === 4 ? 2 : 1,
    teamId: (index % 3) + 1,
  }));
  const teams: UccxTeam[] = ['Default', 'Billing', 'Night Shift'].map((name, index) => ({
    id: index + 1,
    name,
    ...(index === 0 ? {} : { primarySupervisor: 'T.Okafor' }),
    secondarySupervisors: index === 2 ? ['T.Okafor', 'Person24'] : [],
    csqIds: [],
  }));
  return {
    resources,
    teams,
    skills: [{ id: 37, name: 'SK_Billing' }],
    resourceGroups: [{ id: 7, name: 'Front Office' }],
    csqs: [],
  };
}

function make(server: UccxSimulator, tls: object = { caFile: server.caFile }): Connector {
  const settings = uccx.settingsSchema.parse({
    connection: {
      servers: [server.url],
      tls,
      login: server.login,
      timeouts: { connectMs: 1_000, requestMs: 1_000, idleMs: 1_000 },
      maxBodyBytes: 8_388_608,
    },
  });
  return uccx.create(settings, { account: ['firstname', 'extension'] });
}

describe.each<[string, Partial<UccxVariants>]>([
  ['XML', {}],
  ['JSON', { format: 'json' }],
  ['XML with blanks, plus for a blank, and bare elements', { blanks: 'inside', urls: 'plus', emptyAlias: 'missing' }],
])('uccx connector on the simulated UCCX in %s', (_format, variants) => {
  disturbedConnectorContract(async () => {
    const server = await startUccxSimulator({ data: contractData() });
    server.state.vary(variants);
    return {
      make: () => make(server),
      accounts: people,
      groups: 3,
      tellsTime: true,
      deleteAccount: async () => {
        server.state.removeResource('Person200');
        return asExternalId('person200');
      },
      strangerId: asExternalId('nobody'),
      connections: () => server.connectionCount(),
      cut: () => server.faults.add({ kind: 'truncated', how: 'chunked' }),
      hang: () => server.faults.add({ kind: 'hang', at: 'body' }),
      slow: () => server.faults.add({ kind: 'slow-first-byte', ms: 200 }),
      stop: () => server.stop(),
    };
  });
});

describe('uccx connector over HTTP that fails', () => {
  httpConnectorContract(async () => {
    const server = await startUccxSimulator({ data: contractData() });
    const fault = (one: HttpFault): (() => void) => server.faults.add(one);
    const spoilRecord = (): (() => void) => {
      const before = server.state.resources.get('Person30');
      if (before === undefined) throw new Error('there is no Person30');
      server.state.resources.set('Person30', { ...before, type: 7 as never });
      return () => server.state.resources.set('Person30', before);
    };
    const { user, password } = server.login;
    const secrets = [password, Buffer.from(`${user}:${password}`).toString('base64')];
    const faults: Readonly<Record<HttpFaultKind, () => () => void>> = {
      'slow-answer': () => fault({ kind: 'slow-first-byte', ms: 300 }),
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
      redirect: () => fault({ kind: 'redirect', to: `${server.url}/adminapi/team` }),
      'gzip-bomb': () => fault({ kind: 'gzip-bomb' }),
      'huge-body': () => fault({ kind: 'endless' }),
      'invalid-text': () => fault({ kind: 'invalid-utf8' }),
      'undecodable-record': spoilRecord,
    };
    return {
      make: () => make(server),
      makeUntrusting: () => make(server, {}),
      accounts: people,
      fault: (kind) => faults[kind](),
      statuses: () => server.requests.map(({ status }) => status),
      connections: () => server.connectionCount(),
      secrets,
      stop: () => server.stop(),
    };
  });
});

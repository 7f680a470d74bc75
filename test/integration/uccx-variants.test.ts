// The whole staff of the lab read from the simulated UCCX in every form that it knows: always the same people, teams and edges.
// And what a login that sees only a part, a second server and a changed clock lead to.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uccx } from '../../connectors/uccx/index.ts';
import type { Connector } from '../../src/connector.ts';
import { accountsOf, type Collected, collect, groupsOf } from '../contract/connector-contract.ts';
import { ciscoStaff } from '../lab/cisco-staff.ts';
import { seededRandom } from '../lab/people.ts';
import { startUccxSimulator, type UccxSimulator } from '../lab/uccx-simulator.ts';
import type { UccxVariants } from '../lab/uccx-variants.ts';

const { uccx: data } = ciscoStaff({ ucceAgents: 40 });
/** Supervises a team, and is not in every team. */
const supervisor = data.teams.find(({ primarySupervisor }) => primarySupervisor !== undefined)?.primarySupervisor ?? '';

let server: UccxSimulator;
beforeAll(async () => {
  server = await startUccxSimulator({ data, supervisors: { [supervisor]: 'supervisor-password' } });
});
afterAll(() => server.stop());

function connector(change: object = {}): Connector {
  const connection = { servers: [server.url], tls: { caFile: server.caFile }, login: server.login, ...change };
  return uccx.create(uccx.settingsSchema.parse({ connection, cluster: 'lab' }), { account: ['mail'] });
}

/** Everything that a read says, in an order of its own. */
const canonical = (read: Collected) => ({
  outcome: read.outcome.kind === 'complete' ? read.outcome.counts : read.outcome,
  accounts: accountsOf(read).sort((left, right) => (left.id < right.id ? -1 : 1)),
  groups: groupsOf(read).sort((left, right) => (left.id < right.id ? -1 : 1)),
  edges: read.pages
    .flatMap((page) => page.edges)
    .flatMap(({ group, relation, members }) => members.map(({ value }) => `${group} ${relation} ${value}`))
    .sort(),
  closures: read.pages
    .flatMap((page) => page.closures)
    .map((closure) => `${closure.group} ${closure.relation} ${closure.kind}`)
    .sort(),
});

/** Of each variant those forms that leave nothing out. */
const forms = {
  format: ['negotiated', 'xml', 'json'],
  declaration: ['with', 'without'],
  byteOrderMark: ['without', 'with'],
  blanks: ['none', 'between', 'inside'],
  letters: ['plain', 'entities'],
  urls: ['percent', 'plus', 'raw'],
  emptyAlias: ['text', 'null', 'missing'],
  supervisorsSaidBy: ['both', 'resources', 'teams'],
  secondarySpelling: ['secondrySupervisor', 'secondarySupervisor'],
  oneElement: ['array', 'object'],
  scalars: ['native', 'text'],
  emptyList: ['array', 'null', 'missing'],
  nameKey: ['@name', 'name'],
} as const satisfies Partial<{ [Key in keyof UccxVariants]: readonly UccxVariants[Key][] }>;

function chosen(seed: number): Partial<UccxVariants> {
  const random = seededRandom(seed);
  const entries = Object.entries(forms).map(([key, choices]): [string, unknown] => [
    key,
    choices[Math.floor(random() * choices.length)],
  ]);
  return Object.fromEntries(entries) as Partial<UccxVariants>;
}

describe('uccx connector and the forms of the simulated UCCX', () => {
  it('reads the same in each form by itself', async () => {
    const usual = canonical(await collect(connector()));
    expect(usual.outcome).toMatchObject({ accounts: data.resources.length, groups: data.teams.length, rejected: 0 });
    for (const [key, choices] of Object.entries(forms)) {
      for (const choice of choices) {
        for (const format of ['xml', 'json'] as const) {
          const undo = server.state.vary({ format, [key]: choice });
          expect(canonical(await collect(connector())), `${format}, ${key} ${choice}`).toEqual(usual);
          undo();
        }
      }
    }
  });

  it('reads the same in any mixture of forms', async () => {
    const usual = canonical(await collect(connector()));
    for (let seed = 1; seed <= 40; seed += 1) {
      const variants = chosen(seed);
      const undo = server.state.vary(variants);
      expect(canonical(await collect(connector())), JSON.stringify(variants)).toEqual(usual);
      undo();
    }
  });

  it('clears what is left out and changes nothing else', async () => {
    for (const format of ['xml', 'json'] as const) {
      const undo = server.state.vary({ format, alias: 'missing', resourceGroup: 'missing', firstName: 'missing' });
      const read = await collect(connector());
      undo();
      expect(read.outcome.kind).toBe('complete');
      for (const { attributes, unread } of accountsOf(read)) {
        expect(attributes).toMatchObject({ alias: [], resourcegroup: [], firstname: [] });
        expect(unread).toEqual(['mail']);
      }
    }
  });

  it.each(['array', 'null', 'missing'] as const)(
    'takes an empty list in JSON as %s for one, and the teams for referred to',
    async (emptyList) => {
      const undo = server.state.vary({ format: 'json', lists: 'none', emptyList });
      const read = await collect(connector());
      undo();
      expect(read.outcome).toMatchObject({ kind: 'complete', counts: { accounts: 0, groups: 0 } });
    },
  );
});

describe('uccx connector and logins, servers and clocks', () => {
  it('calls the read of a supervisor partial and says why', async () => {
    const login = { user: supervisor, password: 'supervisor-password' };
    const { outcome, pages } = await collect(connector({ login }));
    expect(outcome).toMatchObject({
      kind: 'partial',
      because: expect.stringContaining('login may be that of a supervisor'),
    });
    expect(accountsOf({ pages }).length).toBeLessThan(data.resources.length);
    const report = await connector({ login }).check(new AbortController().signal);
    expect(report.facts.find(({ name }) => name === 'completeness')?.severity).toBe('warning');
  });

  it('reads from the subscriber while the publisher is down, as the same cluster', async () => {
    const usual = await collect(connector());
    const publisher = await startUccxSimulator({ data });
    await publisher.stop();
    const read = await collect(connector({ servers: [publisher.url, server.url] }));
    expect(read.outcome).toMatchObject({ kind: 'complete', proof: { server: server.url } });
    expect(canonical(read)).toEqual(canonical(usual));
  });

  it('tells the time of the server, whatever it is', async () => {
    const undo = server.faults.add({ kind: 'date', offsetMs: -86_400_000 });
    const { events } = await collect(connector());
    const report = await connector().check(new AbortController().signal);
    undo();
    const [opened] = events;
    if (opened?.kind !== 'opened') throw new Error('the time was not told');
    expect(Math.abs(opened.serverTime - (Date.now() - 86_400_000))).toBeLessThan(60_000);
    expect(report.facts.find(({ name }) => name === 'clock')?.severity).toBe('error');
  });

  it('answers for everybody by id, however the userID is written', async () => {
    const ids = accountsOf(await collect(connector())).map(({ id }) => id);
    const answers = await connector().confirm('account', ids, new AbortController().signal);
    expect([...new Set([...answers.values()].map(({ kind }) => kind))]).toEqual(['present']);
  });
});

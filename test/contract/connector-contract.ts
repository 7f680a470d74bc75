// What every connector must keep, whatever it reads. A connector joins by a harness: a source with known content that can be changed
// and, where it is possible, disturbed. Each rule here is one that the daemon relies on and does not check again.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Connector, ReadEvent, ReadOutcome, ReadPage } from '../../src/connector.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { asExternalId, type ExternalId } from '../../src/model/ids.ts';

type Undo = () => void;

/** A source with at least 30 accounts on at least 3 pages, and at least one group with members. */
export interface ContractHarness {
  readonly make: () => Connector;
  readonly accounts: number;
  readonly groups: number;
  /** Whether the source has a clock that it tells. */
  readonly tellsTime: boolean;
  /** Deletes one account and answers its id. */
  readonly deleteAccount: () => Promise<ExternalId>;
  /** An id in the right form that never existed. */
  readonly strangerId: ExternalId;
  /** Open connections at the source, where it can be asked. */
  readonly connections?: () => number;
  readonly stop: () => Promise<void>;
}

/** A source that can be made to misbehave in the middle of the accounts. */
export interface DisturbableHarness extends ContractHarness {
  readonly cut: () => Undo;
  /** Answers no more; `make` uses timeouts of at most a second. */
  readonly hang: () => Undo;
  /** Answers slowly, but within the timeouts. */
  readonly slow: () => Undo;
}

const never = new AbortController().signal;

export interface Collected {
  readonly events: readonly ReadEvent[];
  readonly pages: readonly ReadPage[];
  readonly outcome: ReadOutcome;
}

/** A full read, kept. */
export async function collect(connector: Connector, signal: AbortSignal = never): Promise<Collected> {
  const events: ReadEvent[] = [];
  for await (const event of connector.read({ mode: 'full' }, signal)) events.push(event);
  const last = events.at(-1);
  if (last?.kind !== 'outcome') throw new Error('the read did not end with an outcome');
  const pages = events.flatMap((event) => (event.kind === 'page' ? [event.page] : []));
  return { events, outcome: last.outcome, pages };
}

export const accountsOf = ({ pages }: Pick<Collected, 'pages'>) => pages.flatMap((page) => page.accounts);
export const groupsOf = ({ pages }: Pick<Collected, 'pages'>) => pages.flatMap((page) => page.groups);
/** Members of one group, as the connector names them. */
export const membersOf = ({ pages }: Pick<Collected, 'pages'>, group: string): string[] =>
  pages.flatMap((page) =>
    page.edges.filter((chunk) => chunk.group === group).flatMap((chunk) => chunk.members.map((member) => member.value)),
  );

/** How a read that cannot be complete ended: a partial outcome, or an expected error. */
async function endOf(connector: Connector, signal: AbortSignal = never): Promise<ReadOutcome['kind'] | 'error'> {
  try {
    return (await collect(connector, signal)).outcome.kind;
  } catch (error) {
    expect(error).toBeInstanceOf(RosterdError);
    return 'error';
  }
}

type Current<Harness> = () => Harness;

/** To be called inside a `describe`. */
export function connectorContract(start: () => Promise<ContractHarness>): void {
  const harness = started(start);
  readingRules(harness);
  edgeRules(harness);
  stoppingRules(harness);
  questionRules(harness);
}

/** As connectorContract(), and the rules for a source that fails. */
export function disturbedConnectorContract(start: () => Promise<DisturbableHarness>): void {
  const harness = started(start);
  readingRules(harness);
  edgeRules(harness);
  stoppingRules(harness);
  disturbanceRules(harness);
  questionRules(harness);
}

function started<Harness extends ContractHarness>(start: () => Promise<Harness>): Current<Harness> {
  let harness: Harness | undefined;
  beforeAll(async () => {
    harness = await start();
  });
  afterAll(() => harness?.stop());
  return () => {
    if (harness === undefined) throw new Error('the source did not start');
    return harness;
  };
}

async function expectNoConnection({ connections }: ContractHarness): Promise<void> {
  for (let turn = 0; turn < 100 && (connections?.() ?? 0) > 0; turn += 1) await sleep(10);
  expect(connections?.() ?? 0).toBe(0);
}

function readingRules(harness: Current<ContractHarness>): void {
  it('ends with exactly one outcome, last', async () => {
    const { events } = await collect(harness().make());
    expect(events.filter((event) => event.kind === 'outcome')).toHaveLength(1);
    expect(events.at(-1)?.kind).toBe('outcome');
  });

  it('reads everything and counts what it gave', async () => {
    const read = await collect(harness().make());
    const { pages, outcome } = read;
    expect(outcome).toMatchObject({
      kind: 'complete',
      counts: {
        accounts: accountsOf(read).length,
        groups: groupsOf(read).length,
        edges: pages.flatMap((page) => page.edges).reduce((sum, chunk) => sum + chunk.members.length, 0),
        rejected: pages.flatMap((page) => page.rejected).length,
      },
      serverIdentity: expect.stringMatching(/./u),
    });
    expect(accountsOf(read)).toHaveLength(harness().accounts);
    expect(groupsOf(read)).toHaveLength(harness().groups);
    expect(pages.filter((page) => page.accounts.length > 0).length).toBeGreaterThanOrEqual(3);
    expect(pages.flatMap((page) => page.edges).length).toBeGreaterThan(0);
  });

  it('tells the time of the source at most once, first, and in milliseconds', async () => {
    const { events } = await collect(harness().make());
    const told = events.filter((event) => event.kind === 'opened');
    expect(events.slice(0, told.length)).toEqual(told);
    expect(told.length).toBe(harness().tellsTime ? 1 : 0);
    // Lab and test are on one machine.
    for (const { serverTime } of told) expect(Math.abs(serverTime - Date.now())).toBeLessThan(60_000);
  });

  it('gives every id once', async () => {
    const read = await collect(harness().make());
    for (const ids of [accountsOf(read).map(({ id }) => id), groupsOf(read).map(({ id }) => id)]) {
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('gives the same when nothing changed', async () => {
    const canonical = (read: Collected) => ({
      accounts: Object.fromEntries(accountsOf(read).map((account) => [account.id, account])),
      groups: Object.fromEntries(
        groupsOf(read).map((group) => [group.id, { group, members: membersOf(read, group.id).sort() }]),
      ),
      identity: read.outcome.kind === 'complete' ? read.outcome.serverIdentity : undefined,
    });
    const connector = harness().make();
    const first = canonical(await collect(connector));
    expect(canonical(await collect(connector))).toEqual(first);
    expect(canonical(await collect(harness().make()))).toEqual(first);
  });

  it('gives text in NFC, attribute names in lower case, and no attribute as read and unread at once', async () => {
    for (const account of accountsOf(await collect(harness().make()))) {
      const names = Object.keys(account.attributes);
      expect(names).toEqual(names.map((name) => name.toLowerCase()));
      expect(account.unread.filter((name) => names.includes(name))).toEqual([]);
      const texts = [account.name, account.dn ?? '', ...Object.values(account.attributes).flat()];
      expect(texts).toEqual(texts.map((text) => text.normalize('NFC')));
    }
  });

  it('answers the cursor of another source with resync-required, not with an error', async () => {
    const kinds: string[] = [];
    for await (const event of harness().make().read({ mode: 'delta', since: 'a cursor of another source' }, never)) {
      kinds.push(event.kind === 'outcome' ? event.outcome.kind : event.kind);
    }
    expect(kinds).toEqual(['resync-required']);
  });
}

function edgeRules(harness: Current<ContractHarness>): void {
  it('gives all accounts before the first edge', async () => {
    const { pages } = await collect(harness().make());
    const firstEdge = pages.findIndex((page) => page.edges.length > 0);
    expect(firstEdge).toBeGreaterThan(pages.findLastIndex((page) => page.accounts.length > 0));
  });

  it('bounds its pages and chunks', async () => {
    const { pages } = await collect(harness().make());
    for (const { edges } of pages) {
      expect(edges.reduce((sum, chunk) => sum + chunk.members.length, 0)).toBeLessThanOrEqual(20_000);
      for (const { members } of edges) expect(members.length).toBeLessThanOrEqual(5_000);
    }
  });

  it('closes each group once, after its last edge, with the number of its edges', async () => {
    const read = await collect(harness().make());
    const counted = new Map<string, number>();
    const closed = new Map<string, number>();
    for (const { edges, closures } of read.pages) {
      for (const { group, relation, members } of edges) {
        expect(closed.has(`${group} ${relation}`), `edges of ${group} after its closure`).toBe(false);
        counted.set(`${group} ${relation}`, (counted.get(`${group} ${relation}`) ?? 0) + members.length);
      }
      for (const closure of closures) {
        const key = `${closure.group} ${closure.relation}`;
        expect(closed.has(key), `${key} is closed twice`).toBe(false);
        closed.set(key, closure.kind === 'complete' ? closure.count : -1);
      }
    }
    for (const [key, count] of closed) expect(count, key).toBe(counted.get(key) ?? 0);
    for (const { id } of groupsOf(read)) expect(closed.has(`${id} member`), id).toBe(true);
  });
}

function stoppingRules(harness: Current<ContractHarness>): void {
  it('ends at once when it is stopped before it starts', async () => {
    const before = performance.now();
    expect(await endOf(harness().make(), AbortSignal.abort())).not.toBe('complete');
    expect(performance.now() - before).toBeLessThan(1_000);
    await expectNoConnection(harness());
  });

  it.each([1, 2, 3])('ends soon and leaves no connection when it is stopped at page %i', async (stopAt) => {
    const controller = new AbortController();
    let pages = 0;
    let stoppedAt = 0;
    let end = 'error';
    try {
      for await (const event of harness().make().read({ mode: 'full' }, controller.signal)) {
        if (event.kind === 'outcome') end = event.outcome.kind;
        else if (event.kind === 'page') pages += 1;
        if (pages === stopAt && stoppedAt === 0) {
          stoppedAt = performance.now();
          controller.abort();
        }
      }
    } catch (error) {
      expect(error).toBeInstanceOf(RosterdError);
    }
    expect(end).not.toBe('complete');
    expect(performance.now() - stoppedAt).toBeLessThan(1_000);
    await expectNoConnection(harness());
  });

  it('leaves no connection when nobody reads on', async () => {
    for await (const event of harness().make().read({ mode: 'full' }, never)) if (event.kind === 'page') break;
    await expectNoConnection(harness());
  });
}

function disturbanceRules(harness: Current<DisturbableHarness>): void {
  it('is never complete when the connection breaks, and complete again afterwards', async () => {
    const undo = harness().cut();
    try {
      expect(await endOf(harness().make())).not.toBe('complete');
    } finally {
      undo();
    }
    await expectNoConnection(harness());
    expect(await endOf(harness().make())).toBe('complete');
  });

  it('ends when the source answers no more', async () => {
    const undo = harness().hang();
    const before = performance.now();
    try {
      expect(await endOf(harness().make())).not.toBe('complete');
    } finally {
      undo();
    }
    expect(performance.now() - before).toBeLessThan(5_000);
    await expectNoConnection(harness());
  });

  it('reads everything from a source that is slow', async () => {
    const undo = harness().slow();
    try {
      expect(await endOf(harness().make())).toBe('complete');
    } finally {
      undo();
    }
  });
}

function questionRules(harness: Current<ContractHarness>): void {
  it('reports facts and a sample, each warning with advice', async () => {
    const report = await harness().make().check(never);
    expect(report.facts.length).toBeGreaterThan(3);
    for (const fact of report.facts) if (fact.severity !== 'ok') expect(fact.advice, fact.name).toBeTruthy();
    expect(report.sample.length).toBeGreaterThan(0);
    expect(report.serverIdentity).toBeTruthy();
    await expectNoConnection(harness());
  });

  it('keeps its scope fingerprint', () => {
    expect(harness().make().scopeFingerprint).toBe(harness().make().scopeFingerprint);
  });

  it('answers every id it is asked for', async () => {
    const connector = harness().make();
    const ids = accountsOf(await collect(connector)).map(({ id }) => id);
    const strange = [harness().strangerId, asExternalId('this is no id'), asExternalId('')];
    const answers = await connector.confirm('account', [...ids, ...strange], never);
    expect([...answers.keys()].sort()).toEqual([...ids, ...strange].sort());
    for (const id of ids) expect(answers.get(id)).toEqual({ kind: 'present' });
    for (const id of strange) expect(['absent', 'unknown']).toContain(answers.get(id)?.kind);
    await expectNoConnection(harness());
  });

  it('answers nothing when asked for nothing', async () => {
    expect(await harness().make().confirm('account', [], never)).toEqual(new Map());
  });

  it('confirms groups too', async () => {
    const connector = harness().make();
    const ids = groupsOf(await collect(connector)).map(({ id }) => id);
    const answers = await connector.confirm('group', ids, never);
    expect(new Set([...answers.values()].map(({ kind }) => kind))).toEqual(new Set(['present']));
  });

  // Last, because it changes the source.
  it('calls a deleted account absent and says how that was seen', async () => {
    const id = await harness().deleteAccount();
    const answers = await harness().make().confirm('account', [id], never);
    expect(answers.get(id)).toEqual({ kind: 'absent', evidence: expect.stringMatching(/./u) });
  });
}

// What goes to and fro in the entries of one user, and who the two writers are.

import { describe, expect, it } from 'vitest';
import type { AuditedChange } from '../../src/model/audit.ts';
import type { ChangePart } from '../../src/model/change.ts';
import { asEpochMs, asRunId, asSourceName, asTeamId, type Owner } from '../../src/model/ids.ts';
import { flapsOf } from '../../src/reconcile/flapping.ts';

const hq = asSourceName('hq');
const west = asSourceName('west');

const bySource = (seq: number, source: typeof hq, ...parts: readonly ChangePart[]): AuditedChange => ({
  seq,
  at: asEpochMs(seq * 1_000),
  actor: `sync:${source}`,
  action: 'user.changed',
  run: asRunId(seq),
  source,
  parts,
});
const sync = (seq: number, ...parts: readonly ChangePart[]): AuditedChange => bySource(seq, hq, ...parts);
const person = (seq: number, ...parts: readonly ChangePart[]): AuditedChange => ({
  seq,
  at: asEpochMs(seq * 1_000),
  actor: 'cli:anna@host',
  action: 'user.pinned',
  parts,
});

const value = (text: string | undefined, owner: Owner = hq) =>
  text === undefined ? undefined : { value: text, owner };

function department(
  before: string | undefined,
  after: string | undefined,
  owners: [Owner, Owner] = [hq, hq],
): ChangePart {
  const [from, to] = [value(before, owners[0]), value(after, owners[1])];
  return {
    part: 'field',
    field: 'department',
    ...(from === undefined ? {} : { before: from }),
    ...(to === undefined ? {} : { after: to }),
    rule: 'precedence',
  };
}

const enabled = (after: boolean): ChangePart => ({
  part: 'enabled',
  before: !after,
  after,
  because: after ? 'authority-enabled' : 'authority-disabled',
});
const member = (op: 'add' | 'remove', owner: Owner = hq, team = 'Sales'): ChangePart => ({
  part: 'membership',
  op,
  team: { name: team, id: asTeamId(1) },
  owner,
  because: 'group',
});

const told = (entries: readonly AuditedChange[], source = hq): readonly string[] =>
  flapsOf(entries, source).map(({ what, turns, writers }) => {
    const [one, other] = writers.map((writer) => `${writer.actor}#${writer.seq}`);
    return `${what} ${turns}: ${one} ${other}`;
  });

describe('flapping', () => {
  it('is a value that goes from A to B and back', () => {
    expect(told([sync(1, department('A', 'B')), sync(2, department('B', 'A'))])).toEqual([
      'department 1: sync:hq#1 sync:hq#2',
    ]);
  });

  it('counts every turn and names the writers of the last one', () => {
    const entries = [
      sync(1, enabled(false)),
      person(2, enabled(true)),
      sync(3, enabled(false)),
      person(4, enabled(true)),
      sync(5, enabled(false)),
    ];
    expect(told(entries)).toEqual(['enabled 4: cli:anna@host#4 sync:hq#5']);
  });

  it('is not a value that goes on to a third, but is one that comes back over it', () => {
    expect(told([sync(1, department('A', 'B')), sync(2, department('B', 'C'))])).toEqual([]);
    expect(told([sync(1, department('A', 'B')), sync(2, department('B', 'C')), sync(3, department('C', 'B'))])).toEqual(
      ['department 1: sync:hq#2 sync:hq#3'],
    );
  });

  it('compares values whole: the same text of another owner is another value', () => {
    const pinned = person(1, department('A', 'B', [hq, 'local']));
    expect(told([pinned, sync(2, department('B', 'A', [hq, hq]))])).toEqual([]);
    const [flap] = flapsOf([pinned, sync(2, department('B', 'A', ['local', hq]))], hq);
    expect(flap?.writers).toEqual([
      { seq: 1, at: 1_000, actor: 'cli:anna@host', owner: 'local' },
      { seq: 2, at: 2_000, actor: 'sync:hq', run: 2, owner: hq },
    ]);
  });

  it('takes an empty value for a value', () => {
    expect(told([sync(1, department('A', undefined)), sync(2, department(undefined, 'A'))])).toEqual([
      'department 1: sync:hq#1 sync:hq#2',
    ]);
  });

  it('is a row that is added and removed, of the same owner and team only', () => {
    expect(told([sync(1, member('add')), sync(2, member('remove')), sync(3, member('add'))])).toEqual([
      'team Sales 2: sync:hq#2 sync:hq#3',
    ]);
    expect(told([sync(1, member('add')), person(2, member('remove', 'local'))])).toEqual([]);
    expect(told([sync(1, member('add')), sync(2, member('remove', hq, 'Claims'))])).toEqual([]);
  });

  it.each<[string, ChangePart, ChangePart]>([
    [
      'can-manage grant on Sales',
      { part: 'grant', op: 'remove', team: { name: 'Sales' }, owner: hq, because: '' },
      { part: 'grant', op: 'add', team: { name: 'Sales' }, owner: hq, because: '' },
    ],
    [
      'role Agent',
      { part: 'role', op: 'add', role: 'Agent', owner: hq, because: '' },
      { part: 'role', op: 'remove', role: 'Agent', owner: hq, because: '' },
    ],
    [
      'attribute shift',
      { part: 'attribute', name: 'shift' as never, owner: hq, before: 'early', after: 'late' },
      { part: 'attribute', name: 'shift' as never, owner: hq, before: 'late', after: 'early' },
    ],
    // A team that the first plan had yet to create has a number in the second.
    [
      'main team',
      { part: 'main-team', before: { name: 'A', id: asTeamId(1) }, after: { name: 'B' }, rule: 'kept' },
      {
        part: 'main-team',
        before: { name: 'B', id: asTeamId(2) },
        after: { name: 'A', id: asTeamId(1) },
        rule: 'kept',
      },
    ],
  ])('is a %s that turns', (what, there, back) => {
    expect(told([sync(1, there), sync(2, back)])).toEqual([`${what} 1: sync:hq#1 sync:hq#2`]);
  });

  it('does not begin with what a user is created with', () => {
    const created: ChangePart = { part: 'created', origin: hq };
    expect(told([sync(1, created, member('add')), sync(2, member('remove'))])).toEqual([]);
  });

  it('does not go over a link: another account speaks from then on', () => {
    const linked: ChangePart = { part: 'linked', source: hq, account: 'guid-2' as never, name: 'ann', rule: 'manual' };
    expect(told([sync(1, enabled(false)), person(2, linked), sync(3, enabled(true))])).toEqual([]);
    const same = { ...person(2), action: 'user.linked' };
    expect(told([sync(1, enabled(false)), same, sync(3, enabled(true))])).toEqual([]);
    expect(told([person(1, linked), sync(2, enabled(false)), sync(3, enabled(true))])).toEqual([
      'enabled 1: sync:hq#2 sync:hq#3',
    ]);
  });

  it('is the business of a source that wrote one side of it, and of no other', () => {
    const entries = [bySource(1, west, enabled(false)), person(2, enabled(true))];
    expect(told(entries, west)).toEqual(['enabled 1: sync:west#1 cli:anna@host#2']);
    expect(told(entries, hq)).toEqual([]);
    expect(told([person(1, enabled(false)), person(2, enabled(true))])).toEqual([]);
  });

  it('counts an approved change as one of the source whose run it was', () => {
    const approved = { ...sync(1, enabled(false)), actor: 'cli:boss@host' };
    expect(told([approved, person(2, enabled(true))])).toEqual(['enabled 1: cli:boss@host#1 cli:anna@host#2']);
  });

  it('sees nothing in entries whose payload was erased, and keeps the things of one user apart', () => {
    expect(told([sync(1), sync(2, department('B', 'A'))])).toEqual([]);
    expect(told([sync(1, department('A', 'B'), enabled(false)), sync(2, enabled(true))])).toEqual([
      'enabled 1: sync:hq#1 sync:hq#2',
    ]);
  });
});

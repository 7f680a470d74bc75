// What the store says of all users, as flat facts (`u7 field title` -> `Clerk [hq]`), and the audit log replayed over such facts.
// Invariant (conservation): the facts before, changed by the audit entries since, are exactly the facts after. Nobody vanishes
// without an entry, and no entry tells of what did not happen.

import type { AuditRecord } from '../../../src/admin/ports.ts';
import type { ChangePart, TeamRef, UserChangePart } from '../../../src/model/change.ts';
import { asAccountKey, asUserId } from '../../../src/model/ids.ts';
import type { Team } from '../../../src/model/team.ts';
import type { AdminHold, OwnedValue, Pin, SyncOff, User } from '../../../src/model/user.ts';
import type { Installation } from './installation.ts';

export type Facts = ReadonlyMap<string, string>;

export interface Picture {
  readonly users: readonly User[];
  readonly facts: Facts;
  readonly teams: readonly Team[];
  /** Group id -> team number. */
  readonly fed: ReadonlyMap<string, number>;
  /** Account key -> id in the source. */
  readonly ids: ReadonlyMap<number, string>;
  /** Number of the last audit entry. */
  readonly seq: number;
}

export async function pictureOf({ store }: Installation): Promise<Picture> {
  const rows = await store.core.read.all<{ id: number }>('SELECT id FROM users ORDER BY id');
  const users = await store.read.users(rows.map((row) => asUserId(Number(row.id))));
  const accounts = await store.core.read.all<{ key: number; id: string }>(
    'SELECT key, external_id AS id FROM mirror_accounts',
  );
  const ids = new Map(accounts.map(({ key, id }) => [asAccountKey(Number(key)) as number, id]));
  const groups = await store.read.groups();
  return {
    users,
    facts: new Map(users.flatMap((user) => factsOf(user, ids))),
    teams: await store.read.teams(),
    fed: new Map(groups.flatMap((group) => (group.teamId === undefined ? [] : [[group.id, group.teamId]]))),
    ids,
    seq: (await store.read.auditHead()).seq,
  };
}

const ownedText = ({ value, owner }: OwnedValue): string => `${value} [${owner}]`;
/** A pin, a switch or a hold as text: what is not there is not written. */
const jsonText = (value: Pin | SyncOff | AdminHold): string =>
  JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))));

function factsOf(user: User, ids: ReadonlyMap<number, string>): [string, string][] {
  const of = `u${user.id}`;
  return [
    [`${of} origin`, user.origin],
    [`${of} enabled`, `${user.enabled}`],
    [`${of} activated`, `${user.activated}`],
    ...Object.entries(user.values).map(([field, value]): [string, string] => [
      `${of} field ${field}`,
      ownedText(value),
    ]),
    ...user.attributes.map((row): [string, string] => [`${of} attribute ${row.name} ${row.owner}`, row.value]),
    ...user.memberships.map((row): [string, string] => [`${of} membership ${row.team} ${row.owner}`, 'in']),
    ...user.grants.map((row): [string, string] => [`${of} grant ${row.team} ${row.owner}`, 'in']),
    ...user.roles.map((row): [string, string] => [`${of} role ${row.role} ${row.owner}`, 'in']),
    ...user.links.map((link): [string, string] => [`${of} link ${ids.get(link.account)}`, link.state]),
    ...user.pins.map((one): [string, string] => [`${of} pin ${one.kind} ${one.subject}`, jsonText(one)]),
    ...(user.mainTeam === undefined ? [] : [[`${of} main-team`, `${user.mainTeam}`] as [string, string]]),
    ...(user.syncOff === undefined ? [] : [[`${of} sync-off`, jsonText(user.syncOff)] as [string, string]]),
    ...(user.adminHold === undefined ? [] : [[`${of} hold`, jsonText(user.adminHold)] as [string, string]]),
  ];
}

export interface Difference {
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export function differences(before: Facts, after: Facts): readonly Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((key) => ({ key, before: before.get(key), after: after.get(key) }))
    .filter((one) => one.before !== one.after);
}

const sayDifference = ({ key, before = 'nothing', after = 'nothing' }: Difference): string =>
  `${key}: ${before} -> ${after}`;
export const sayDifferences = (found: readonly Difference[]): string => found.map(sayDifference).join('; ');

export async function entriesSince({ reads }: Installation, seq: number): Promise<readonly AuditRecord[]> {
  return reads.auditRecords({}, { order: 'oldest', after: seq, limit: 100_000 });
}

/** What is wrong between two pictures and the entries in between; undefined when they tell the same. */
export function unexplained(before: Picture, entries: readonly AuditRecord[], after: Picture): string | undefined {
  const replayed = new Map(before.facts);
  for (const entry of entries) {
    if (!entry.action.startsWith('user.')) continue;
    const wrong = replay(replayed, entry, after);
    if (wrong !== undefined) return `audit entry ${entry.seq} ${entry.action} of ${entry.label}: ${wrong}`;
  }
  const left = differences(replayed, after.facts);
  return left.length === 0 ? undefined : `without an audit entry (entries say -> store says): ${sayDifferences(left)}`;
}

interface Op {
  readonly key: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

function replay(facts: Map<string, string>, entry: AuditRecord, now: Picture): string | undefined {
  const of = `u${entry.userId}`;
  if (entry.action === 'user.created') {
    if (facts.has(`${of} origin`)) return 'the user was there already';
    facts.set(`${of} enabled`, 'false').set(`${of} activated`, 'false');
  } else if (!facts.has(`${of} origin`)) return 'there is no such user';
  const ops = [...partsOf(entry).flatMap((part) => opsOf(of, part, now)), ...decisionOps(of, entry, facts)];
  if (ops.length === 0 && !isQuarantineLifted(entry)) return 'it tells of no difference';
  for (const { key, before, after } of ops) {
    if (facts.get(key) !== before) return `${key} was ${facts.get(key)}, and the entry says ${before}`;
    if (before === after) return `${key} stays ${before}`;
    if (after === undefined) facts.delete(key);
    else facts.set(key, after);
  }
  return undefined;
}

const payloadOf = (entry: AuditRecord): Readonly<Record<string, unknown>> => entry.payload as Record<string, unknown>;
const partsOf = (entry: AuditRecord): readonly UserChangePart[] =>
  (payloadOf(entry)['parts'] ?? []) as readonly UserChangePart[];

/** Ids of the groups that begin to feed the team. */
export const teamFeedings = (entry: AuditRecord): readonly string[] =>
  ((payloadOf(entry)['parts'] ?? []) as readonly ChangePart[]).flatMap((part) =>
    part.part === 'team-fed' && part.op === 'add' ? [part.group] : [],
  );

/** `user link` on an account in quarantine changes the mirror only. */
const isQuarantineLifted = (entry: AuditRecord): boolean =>
  entry.action === 'user.linked' &&
  (payloadOf(entry)['before'] as { quarantine: unknown } | undefined)?.quarantine !== null;

function opsOf(of: string, part: UserChangePart, now: Picture): readonly Op[] {
  const team = (ref: TeamRef | undefined): string | undefined =>
    ref === undefined ? undefined : `${teamNumber(ref, now)}`;
  const row = (key: string, op: 'add' | 'remove'): Op[] =>
    op === 'add' ? [{ key, before: undefined, after: 'in' }] : [{ key, before: 'in', after: undefined }];
  const text = (value: OwnedValue | undefined): string | undefined =>
    value === undefined ? undefined : ownedText(value);
  switch (part.part) {
    case 'created':
      return [{ key: `${of} origin`, before: undefined, after: part.origin }];
    case 'linked':
      return [{ key: `${of} link ${part.account}`, before: undefined, after: 'active' }];
    case 'link-state':
      return [{ key: `${of} link ${part.account}`, before: part.before, after: part.after }];
    case 'field':
      return [{ key: `${of} field ${part.field}`, before: text(part.before), after: text(part.after) }];
    case 'attribute':
      return [{ key: `${of} attribute ${part.name} ${part.owner}`, before: part.before, after: part.after }];
    case 'enabled':
      return [{ key: `${of} enabled`, before: `${part.before}`, after: `${part.after}` }];
    case 'membership':
    case 'grant':
      return row(`${of} ${part.part} ${team(part.team)} ${part.owner}`, part.op);
    case 'role':
      return row(`${of} role ${part.role} ${part.owner}`, part.op);
    case 'main-team':
      return [{ key: `${of} main-team`, before: team(part.before), after: team(part.after) }];
    default:
      return part satisfies never;
  }
}

/** A team that the plan was about to create has no number in the plan; it has one now. */
function teamNumber(ref: TeamRef, now: Picture): number | undefined {
  if (ref.id !== undefined) return ref.id;
  const fed = ref.group === undefined ? undefined : now.fed.get(ref.group.id);
  return fed ?? now.teams.find((team) => team.name === ref.name)?.id;
}

/** Pins, switches and holds: what people decided, which is in the entry as before and after. */
function decisionOps(of: string, entry: AuditRecord, facts: Facts): readonly Op[] {
  const { before, after } = payloadOf(entry) as {
    before?: Pin | SyncOff | AdminHold;
    after?: Pin | SyncOff | AdminHold;
  };
  const op = (key: string): Op[] => {
    const texts = [before, after].map((one) => (one === undefined || one === null ? undefined : jsonText(one)));
    return texts[0] === texts[1] ? [] : [{ key: `${of} ${key}`, before: texts[0], after: texts[1] }];
  };
  switch (entry.action) {
    case 'user.pinned':
    case 'user.unpinned': {
      const one = (after ?? before) as Pin;
      return op(`pin ${one.kind} ${one.subject}`);
    }
    case 'user.sync-off':
    case 'user.sync-on':
      return op('sync-off');
    case 'user.disabled':
      return op('hold');
    case 'user.enabled': {
      // Enabling by hand is what activates a user of no source (R121).
      const isLocal = ![...facts.keys()].some((key) => key.startsWith(`${of} link `));
      const activated = { key: `${of} activated`, before: 'false', after: 'true' };
      return [...op('hold'), ...(isLocal && facts.get(activated.key) === 'false' ? [activated] : [])];
    }
    default:
      return [];
  }
}

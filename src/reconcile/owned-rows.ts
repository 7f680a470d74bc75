// The one way in which rows with an owner (memberships, grants, roles) follow what a source says.
// Invariant: only rows of the planning source are added or removed; pins and the two stated exceptions are the rest.

import type { Owner, SourceName } from '../model/ids.ts';
import { isPinActive, type PinKind, type User } from '../model/user.ts';
import { type LinkedAccount, type SourceStanding, sourceStanding } from './situation.ts';
import type { CompiledSource, CompiledWorld } from './world.ts';

/** A present row: `key` says of what, `item` carries it. */
export interface Row<Item> {
  readonly key: string;
  readonly owner: Owner;
  readonly item: Item;
}

export interface RowOp<Item> extends Row<Item> {
  readonly op: 'add' | 'remove';
  readonly because: string;
}

export interface RowDecision<Item> {
  readonly ops: readonly RowOp<Item>[];
  /** The rows after the operations. */
  readonly after: readonly Row<Item>[];
  /** Sources whose own run has to change rows. */
  readonly pendingFor: readonly SourceName[];
}

export interface DesiredRow<Item> {
  readonly item: Item;
  readonly because: string;
}

/** `keeps`: keys that the source could not judge, which stay if they are there. */
export interface Wanted<Item> {
  readonly rows: ReadonlyMap<string, DesiredRow<Item>>;
  readonly keeps?: ReadonlySet<string>;
}

export interface RowRules<Item> {
  readonly current: readonly Row<Item>[];
  /** What a source that speaks wants. */
  readonly desired: (
    source: CompiledSource,
    standing: Extract<SourceStanding, { readonly kind: 'speaks' }>,
  ) => Wanted<Item>;
  /** The source takes local rows away from its users (R161, manualMemberships: remove); the text is the reason. */
  readonly removesLocal: (source: CompiledSource) => string | undefined;
  readonly pins: ReadonlyMap<string, 'keep' | 'keep-out'>;
  /** The item of a pinned key without a row, if it exists. */
  readonly itemOf: (key: string) => Item | undefined;
}

/**
 *   row of the planning source | wanted | pin      | outcome
 *   no                         | yes    | -, keep  | added
 *   yes                        | no     | -        | removed
 *   yes                        | no     | keep     | stays
 *   yes, or a local one        | any    | keep-out | removed, also while the source is frozen
 *   no                         | yes    | keep-out | not added
 *   none of any owner          | no     | keep     | a local row is added
 */
export function decideRows<Item>(
  world: CompiledWorld,
  linked: readonly LinkedAccount[],
  rules: RowRules<Item>,
): RowDecision<Item> {
  const ops: RowOp<Item>[] = [];
  const pendingFor: SourceName[] = [];
  for (const source of concernedSources(world, linked, rules.current)) {
    const own = opsOfSource(source, linked, rules);
    if (own.length === 0) continue;
    const hasLink = linked.some((one) => one.source === source);
    // A source without a link has no run that would ever look at this user.
    if (source.policy.name === world.source || !hasLink) ops.push(...own);
    else pendingFor.push(source.policy.name);
  }
  ops.push(...pinnedOut(rules, ops));
  const after = applyOps(rules.current, ops);
  const missing = pinnedIn(rules, after);
  ops.push(...missing);
  ops.sort(compareOps);
  return { ops, after: [...after, ...missing], pendingFor };
}

function concernedSources<Item>(
  world: CompiledWorld,
  linked: readonly LinkedAccount[],
  current: readonly Row<Item>[],
): readonly CompiledSource[] {
  const found = new Set<CompiledSource>(linked.map((one) => one.source));
  for (const row of current) {
    const source = row.owner === 'local' ? undefined : world.index.sources.get(row.owner);
    if (source !== undefined) found.add(source);
  }
  return [...found].sort((a, b) => a.rank - b.rank);
}

function opsOfSource<Item>(
  source: CompiledSource,
  linked: readonly LinkedAccount[],
  rules: RowRules<Item>,
): readonly RowOp<Item>[] {
  const standing = sourceStanding(linked, source.policy.name);
  const own = rules.current.filter((row) => row.owner === source.policy.name);
  const out = own.filter((row) => rules.pins.get(row.key) === 'keep-out').map((row) => removal(row, 'pinned out'));
  // Frozen against the source, not against a person.
  if (standing.kind === 'frozen') return out;
  if (standing.kind === 'withdrawn') {
    return [...out, ...own.filter((row) => !rules.pins.has(row.key)).map((row) => removal(row, 'account gone'))];
  }
  const wanted = rules.desired(source, standing);
  const isWanted = (key: string) => wanted.rows.has(key) || wanted.keeps?.has(key) === true || rules.pins.has(key);
  const present = new Set(own.map((row) => row.key));
  const ops = [...out, ...own.filter((row) => !isWanted(row.key)).map((row) => removal(row, 'not in the source'))];
  for (const [key, { item, because }] of wanted.rows) {
    if (present.has(key) || rules.pins.get(key) === 'keep-out') continue;
    ops.push({ key, owner: source.policy.name, item, op: 'add', because });
  }
  return [...ops, ...localRemovals(source, rules)];
}

function removal<Item>(row: Row<Item>, because: string): RowOp<Item> {
  return { ...row, op: 'remove', because };
}

function localRemovals<Item>(source: CompiledSource, rules: RowRules<Item>): readonly RowOp<Item>[] {
  const because = rules.removesLocal(source);
  if (because === undefined) return [];
  const unpinned = rules.current.filter((row) => row.owner === 'local' && !rules.pins.has(row.key));
  return unpinned.map((row) => removal(row, because));
}

function pinnedOut<Item>(rules: RowRules<Item>, ops: readonly RowOp<Item>[]): readonly RowOp<Item>[] {
  if (rules.pins.size === 0) return [];
  const removed = new Set(ops.map((op) => `${op.owner}\0${op.key}`));
  return rules.current
    .filter(
      (row) => row.owner === 'local' && rules.pins.get(row.key) === 'keep-out' && !removed.has(`local\0${row.key}`),
    )
    .map((row) => ({ ...row, op: 'remove', because: 'pinned out' }));
}

function pinnedIn<Item>(rules: RowRules<Item>, after: readonly Row<Item>[]): readonly RowOp<Item>[] {
  const ops: RowOp<Item>[] = [];
  for (const [key, mode] of rules.pins) {
    if (mode !== 'keep' || after.some((row) => row.key === key)) continue;
    const item = rules.itemOf(key);
    if (item !== undefined) ops.push({ key, owner: 'local', item, op: 'add', because: 'pinned' });
  }
  return ops;
}

function applyOps<Item>(current: readonly Row<Item>[], ops: readonly RowOp<Item>[]): readonly Row<Item>[] {
  if (ops.length === 0) return current;
  const removed = new Set(ops.filter((op) => op.op === 'remove').map((op) => `${op.owner}\0${op.key}`));
  const added = ops.filter((op) => op.op === 'add').map(({ key, owner, item }) => ({ key, owner, item }));
  return [...current.filter((row) => !removed.has(`${row.owner}\0${row.key}`)), ...added];
}

function compareOps(left: RowOp<unknown>, right: RowOp<unknown>): number {
  return compareText(left.key, right.key) || compareText(left.owner, right.owner) || compareText(left.op, right.op);
}

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const noPins: ReadonlyMap<string, 'keep' | 'keep-out'> = new Map();

/** Active pins of one kind, by row key; a keep-out beside a keep wins, because it takes away. */
export function activePins(
  world: CompiledWorld,
  user: Pick<User, 'pins'>,
  kind: PinKind,
  keyOf: (subject: string) => string,
): ReadonlyMap<string, 'keep' | 'keep-out'> {
  if (user.pins.length === 0) return noPins;
  const pins = new Map<string, 'keep' | 'keep-out'>();
  for (const pin of user.pins) {
    if (pin.kind !== kind || !isPinActive(pin, world.now)) continue;
    const key = keyOf(pin.subject);
    if (pins.get(key) !== 'keep-out') pins.set(key, pin.mode);
  }
  return pins;
}

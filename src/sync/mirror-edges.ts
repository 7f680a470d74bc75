// Edges of groups against the mirror. Additions are written at once; what a complete group no longer names waits for the end
// of the read, because only a complete read may remove, and only where both ends were seen.

import type { EdgeChunk, GroupClosure } from '../connector.ts';
import type { EdgeMember, Relation } from '../model/group.ts';
import { type AccountKey, asGroupKey, type ExternalId, type GroupKey } from '../model/ids.ts';
import { edgesDigest } from './digest.ts';
import type { EdgeRows, MirrorDigest, ResolvedMember } from './ports.ts';
import type { ReadContext } from './read-context.ts';

const openKey = (group: ExternalId, relation: Relation): string => `${relation}:${group}`;

/** A closed group whose members differ from the last complete reading. */
interface ClosedGroup {
  readonly key: GroupKey;
  readonly members: readonly EdgeMember[];
  /** Absent when the group could not be read whole: then it may gain edges and never lose any. */
  readonly digest: string | undefined;
}

export async function mirrorEdges(
  context: ReadContext,
  chunks: readonly EdgeChunk[],
  closures: readonly GroupClosure[],
): Promise<void> {
  for (const chunk of chunks) {
    const key = openKey(chunk.group, chunk.relation);
    const open = context.openEdges.get(key);
    if (open === undefined) context.openEdges.set(key, [...chunk.members]);
    else for (const member of chunk.members) open.push(member);
    context.tally.edges += chunk.members.length;
  }
  for (const relation of ['member', 'manages'] as const) {
    const closed = closures.filter((closure) => closure.relation === relation);
    if (closed.length > 0) await closeGroups(context, relation, closed);
  }
}

async function closeGroups(context: ReadContext, relation: Relation, closures: readonly GroupClosure[]): Promise<void> {
  const known = await context.read.mirror.digests(
    context.source,
    'group',
    closures.map((closure) => closure.group),
  );
  const differing: ClosedGroup[] = [];
  for (const closure of closures) {
    const members = context.openEdges.get(openKey(closure.group, relation)) ?? [];
    context.openEdges.delete(openKey(closure.group, relation));
    const group = known.get(closure.group);
    if (group === undefined) {
      context.doubts(`members came for the group ${closure.group}, which itself was not sent`);
      continue;
    }
    const closed = closeGroup(context, relation, closure, members, group);
    if (closed !== undefined) differing.push(closed);
  }
  if (differing.length > 0) await saveDifferences(context, relation, differing);
}

function closeGroup(
  context: ReadContext,
  relation: Relation,
  closure: GroupClosure,
  members: readonly EdgeMember[],
  group: MirrorDigest,
): ClosedGroup | undefined {
  const key = asGroupKey(group.key);
  if (closure.kind === 'partial') {
    context.findings.push({
      code: 'group-members-unread',
      source: context.source,
      subject: context.subject('group', closure.group),
      label: group.name,
      detail: { because: closure.because },
    });
    return { key, members, digest: undefined };
  }
  if (closure.count !== members.length) {
    context.doubts(`the group ${group.name} was said to have ${closure.count} members and came with ${members.length}`);
    return { key, members, digest: undefined };
  }
  const digest = edgesDigest(members);
  const before = relation === 'member' ? group.membersDigest : group.managersDigest;
  return digest === before ? undefined : { key, members, digest };
}

interface Sides {
  readonly accounts: Set<AccountKey>;
  readonly groups: Set<GroupKey>;
  readonly unresolved: Map<string, EdgeMember>;
}

const emptySides = (): Sides => ({ accounts: new Set(), groups: new Set(), unresolved: new Map() });
const refKey = (member: EdgeMember): string => `${member.by}:${member.value}`;

function place(sides: Sides, member: EdgeMember, resolved: ResolvedMember | undefined): void {
  if (resolved === undefined) sides.unresolved.set(refKey(member), member);
  else if (resolved.kind === 'account') sides.accounts.add(resolved.key);
  else sides.groups.add(resolved.key);
}

function storedSides(rows: EdgeRows): Map<GroupKey, Sides> {
  const byGroup = new Map<GroupKey, Sides>();
  const of = (group: GroupKey): Sides => {
    const sides = byGroup.get(group) ?? emptySides();
    byGroup.set(group, sides);
    return sides;
  };
  for (const [group, account] of rows.accounts) of(group).accounts.add(account);
  for (const [group, child] of rows.groups) of(group).groups.add(child);
  for (const [group, ref] of rows.unresolved) of(group).unresolved.set(refKey(ref), ref);
  return byGroup;
}

async function saveDifferences(
  context: ReadContext,
  relation: Relation,
  closed: readonly ClosedGroup[],
): Promise<void> {
  const resolved = await context.read.mirror.resolve(
    context.source,
    closed.flatMap((group) => group.members),
  );
  const stored = storedSides(
    await context.read.mirror.edgesOf(
      closed.map((group) => group.key),
      relation,
    ),
  );
  const added: {
    accounts: [GroupKey, AccountKey][];
    groups: [GroupKey, GroupKey][];
    unresolved: [GroupKey, EdgeMember][];
  } = { accounts: [], groups: [], unresolved: [] };
  const digests: { group: GroupKey; digest: string }[] = [];
  let offset = 0;
  for (const group of closed) {
    const wanted = emptySides();
    for (const member of group.members) place(wanted, member, resolved[offset++]);
    const before = stored.get(group.key) ?? emptySides();
    for (const account of wanted.accounts) if (!before.accounts.has(account)) added.accounts.push([group.key, account]);
    for (const child of wanted.groups)
      if (!before.groups.has(child) && child !== group.key) added.groups.push([group.key, child]);
    for (const [key, ref] of wanted.unresolved)
      if (!before.unresolved.has(key)) added.unresolved.push([group.key, ref]);
    if (group.digest === undefined) continue;
    const withdrawals = withdraw(context, relation, group.key, before, wanted);
    if (withdrawals === 0) digests.push({ group: group.key, digest: group.digest });
    else context.lateDigests.push({ relation, group: group.key, digest: group.digest });
  }
  await context.lease.write(async (tx) => {
    await tx.mirror.addEdges(relation, added);
    await tx.mirror.setEdgeDigests(relation, digests);
    await tx.dirty.accounts(
      added.accounts.map(([, account]) => account),
      'member of a group',
    );
    if (added.groups.length > 0)
      await tx.dirty.membersOf(
        added.groups.map(([, child]) => child),
        'group nested',
      );
    await tx.dirty.groups(context.source, [...new Set(added.groups.map(([, child]) => child))]);
  });
}

function withdraw(context: ReadContext, relation: Relation, group: GroupKey, before: Sides, wanted: Sides): number {
  const already = context.withdrawn.length;
  for (const account of before.accounts)
    if (!wanted.accounts.has(account)) context.withdrawn.push({ relation, group, account });
  for (const child of before.groups) if (!wanted.groups.has(child)) context.withdrawn.push({ relation, group, child });
  for (const [key, ref] of before.unresolved)
    if (!wanted.unresolved.has(key)) context.withdrawn.push({ relation, group, ref });
  return context.withdrawn.length - already;
}

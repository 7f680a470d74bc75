// How everything of one user came to be what it is: what `user explain` prints.
// Invariant: it asks the very functions that the plan asks, so an explanation cannot differ from what sync does.

import type { EnabledReason, MainTeamRule, TeamRef } from '../model/change.ts';
import type { FieldExplanation, RefusedClaims, UserInput } from '../model/decision.ts';
import type { EpochMs, ExternalId, Owner, SourceName } from '../model/ids.ts';
import { isPinActive, isSyncOff, type PinKind, type User } from '../model/user.ts';
import { decideAttributes, effectiveAttributes } from './attributes.ts';
import type { RowDecision } from './owned-rows.ts';
import { decideAll } from './plan.ts';
import type { LinkedAccount, Standing } from './situation.ts';
import type { CompiledWorld } from './world.ts';

export interface RowExplanation {
  /** Team name or role. */
  readonly name: string;
  readonly owner: Owner;
  /** `there`: stays as it is; `comes` and `goes`: the next plan changes it. */
  readonly state: 'there' | 'comes' | 'goes';
  readonly because: string;
  readonly pin?: 'keep' | 'keep-out';
}

export interface UserExplanation {
  readonly sync: 'not synced' | 'on' | 'off';
  readonly links: readonly {
    readonly source: SourceName;
    readonly account: ExternalId;
    readonly name: string;
    readonly rule: string;
    readonly presence: string;
    readonly state: 'active' | 'gone';
    readonly standing: Standing;
  }[];
  readonly fields: readonly FieldExplanation[];
  readonly attributes: readonly {
    readonly name: string;
    readonly value: string;
    readonly owner: Owner;
    readonly state: 'there' | 'comes' | 'goes';
    /** False: an attribute of the same name and a stronger owner stands before it. */
    readonly isEffective: boolean;
  }[];
  readonly enabled: {
    readonly value: boolean;
    readonly after: boolean;
    readonly because: EnabledReason;
    readonly until?: EpochMs;
  };
  readonly teams: readonly RowExplanation[];
  readonly grants: readonly RowExplanation[];
  readonly roles: readonly RowExplanation[];
  readonly mainTeam: { readonly name?: string; readonly after?: string; readonly rule: MainTeamRule };
}

/**
 * What the next plan would decide, with the reasons; also for a user whose sync is off (then it is the shadow of a plan).
 * `refused`: claims on unique values that the last plan refused to this user.
 */
export function explainUser(
  world: CompiledWorld,
  input: UserInput,
  refused: RefusedClaims = new Map(),
): UserExplanation {
  const { user } = input;
  const verdicts = decideAll(world, input, (kind) => refused.get(`${kind}:user:${user.id}`)?.label);
  const { linked, enabled, mainTeam } = verdicts;
  const current = user.mainTeam === undefined ? undefined : world.teams.get(user.mainTeam)?.name;
  return {
    sync: user.links.length === 0 ? 'not synced' : isSyncOff(user, world.now) ? 'off' : 'on',
    links: linked.map(explainLink),
    fields: verdicts.fields.map(({ explanation }) => explanation),
    attributes: explainAttributes(world, user, linked),
    enabled: {
      value: user.enabled,
      after: enabled.value,
      because: enabled.because,
      ...(enabled.recheckAt !== undefined && { until: enabled.recheckAt }),
    },
    teams: explainRows(world, user, 'membership', verdicts.memberships, teamText),
    grants: explainRows(world, user, 'grant', verdicts.grants, teamText),
    roles: explainRows(world, user, 'role', verdicts.roles, (role) => ({ name: role, subject: role })),
    mainTeam: {
      ...(current !== undefined && { name: current }),
      ...(mainTeam.after && { after: mainTeam.after.name }),
      rule: mainTeam.rule,
    },
  };
}

function explainLink({ account, link, state, standing }: LinkedAccount): UserExplanation['links'][number] {
  const { source, id, name, presence } = account;
  return { source, account: id, name, rule: link.rule, presence: presence.state, state, standing };
}

const teamText = (team: TeamRef) => ({ name: team.name, subject: `${team.id ?? ''}` });

function explainRows<Item>(
  world: CompiledWorld,
  user: User,
  kind: PinKind,
  rows: RowDecision<Item>,
  text: (item: Item) => { readonly name: string; readonly subject: string },
): readonly RowExplanation[] {
  const added = new Map(rows.ops.filter((op) => op.op === 'add').map((op) => [`${op.owner}\0${op.key}`, op.because]));
  const removed = rows.ops.filter((op) => op.op === 'remove');
  const explain = (item: Item, owner: Owner, state: RowExplanation['state'], because: string): RowExplanation => {
    const { name, subject } = text(item);
    const pin = user.pins.find((one) => one.kind === kind && one.subject === subject && isPinActive(one, world.now));
    return { name, owner, state, because, ...(pin && { pin: pin.mode }) };
  };
  const staying = rows.after.map(({ key, owner, item }) => {
    const because = added.get(`${owner}\0${key}`);
    const reason = owner === 'local' ? 'set by hand' : `from ${owner}`;
    return explain(item, owner, because === undefined ? 'there' : 'comes', because ?? reason);
  });
  const going = removed.map(({ owner, item, because }) => explain(item, owner, 'goes', because));
  return [...staying, ...going].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.owner < b.owner ? -1 : 1,
  );
}

function explainAttributes(
  world: CompiledWorld,
  user: User,
  linked: readonly LinkedAccount[],
): UserExplanation['attributes'] {
  const going = new Set<string>();
  const coming: { name: string; value: string; owner: Owner }[] = [];
  for (const source of new Set(linked.map((one) => one.source))) {
    for (const part of decideAttributes(user, linked, source)) {
      if (part.before !== undefined) going.add(`${part.owner}\0${part.name}`);
      if (part.after !== undefined) coming.push({ name: part.name, value: part.after, owner: part.owner });
    }
  }
  const staying = user.attributes.filter((row) => !going.has(`${row.owner}\0${row.name}`));
  const best = effectiveAttributes(world, [...staying, ...coming]);
  const shown = [
    ...user.attributes.map((row) => ({
      ...row,
      state: staying.includes(row) ? ('there' as const) : ('goes' as const),
    })),
    ...coming.map((row) => ({ ...row, state: 'comes' as const })),
  ];
  return shown
    .map((row) => ({ ...row, isEffective: row.state !== 'goes' && best.get(row.name)?.owner === row.owner }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.owner < b.owner ? -1 : 1));
}

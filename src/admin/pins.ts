// Pins: an admin's decision on one thing of one user that no source changes. A pin on a field, on enabled or on the main team
// acts at once; one on a membership, grant or role acts with the next run, which also knows what the sources say of it.

import type { UserChangePart } from '../model/change.ts';
import { RosterdError } from '../model/errors.ts';
import { asTeamId } from '../model/ids.ts';
import { foldKey } from '../model/keys.ts';
import type { RoleCatalogue } from '../model/policy.ts';
import type { Team } from '../model/team.ts';
import { type FieldName, isSynced, type OwnedValue, type Pin, type PinKind, type User } from '../model/user.ts';
import type { StoreTx, UserRow } from '../sync/ports.ts';
import { type ActReport, actOnUser, rowOf, type Warning } from './act.ts';
import { usernameOf } from './find.ts';
import { formatMoment, parseUntil } from './moments.ts';
import { type PinTarget, type PinTargetRequest, pinSubject, pinTarget } from './pin-target.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';

export interface PinRequest extends PinTargetRequest {
  readonly user: string;
  readonly reason: string;
  readonly until?: string;
}

export async function pin(context: AdminContext, request: PinRequest): Promise<ActReport> {
  const reason = requireReason(request.reason);
  return actOnUser(context, request.user, async (user, tx, now) => {
    const teams = await tx.teams();
    const { policy, actor } = context;
    const { named, ...target } = pinTarget(request, { user, teams, roles: policy.roles, rules: policy.validation });
    const until = request.until === undefined ? undefined : parseUntil(request.until, now);
    const { value, ...rest } = target;
    const after: Pin = {
      ...rest,
      ...(value === undefined ? {} : { value }),
      reason,
      by: actor,
      since: now,
      ...(until === undefined ? {} : { until }),
    };
    const before = user.pins.find((one) => one.kind === after.kind && one.subject === after.subject);
    const warnings = [
      ...(target.kind === 'field' ? warningsFor(user) : []),
      ...(target.kind === 'grant' && target.mode === 'keep' ? powerless(user, policy.roles) : []),
    ];
    if (before !== undefined && isSame(before, after))
      return { unchanged: `${pinText(user, named, before)} already.`, warnings };
    const effect = await effectOf(tx, user, target, teams);
    await tx.userRows.setPin(user.id, after);
    return {
      action: 'user.pinned',
      summary: `${pinText(user, named, after)}.${actsLater(after.kind) ? ' It acts with the next run.' : ''}`,
      parts: effect.parts,
      detail: { before: before ?? null, after },
      ...(effect.row === undefined ? {} : { row: effect.row }),
      dirty: `pinned ${after.kind}`,
      warnings,
    };
  });
}

export async function unpin(
  context: AdminContext,
  request: { readonly user: string; readonly kind: PinKind; readonly what?: string },
): Promise<ActReport> {
  return actOnUser(context, request.user, async (user, tx) => {
    const subject = pinSubject(request.kind, request.what, await tx.teams());
    const before = user.pins.find((one) => one.kind === request.kind && foldKey(one.subject) === foldKey(subject));
    const what = [request.kind, request.what].filter((word) => word !== undefined).join(' ');
    if (before === undefined) return { unchanged: `${usernameOf(user)} has no pin on ${what}.` };
    await tx.userRows.removePin(user.id, before.kind, before.subject);
    return {
      action: 'user.unpinned',
      summary: `${what} of ${usernameOf(user)} is no longer pinned.${isSynced(user) ? ' The next run decides on it.' : ''}`,
      parts: [],
      detail: { before, after: null },
      dirty: `unpinned ${request.kind}`,
    };
  });
}

const actsLater = (kind: PinKind): boolean => kind === 'membership' || kind === 'grant' || kind === 'role';

const isSame = (left: Pin, right: Pin): boolean =>
  left.mode === right.mode && left.value === right.value && left.reason === right.reason && left.until === right.until;

function pinText(user: User, named: string, one: Pin): string {
  const until = one.until === undefined ? '' : ` until ${formatMoment(one.until)}`;
  const value = one.kind === 'field' && one.mode === 'keep' ? ` as "${one.value ?? ''}"` : '';
  return `${usernameOf(user)}: ${named} is pinned${one.mode === 'keep-out' ? ' out' : ''}${value}${until}`;
}

/** No source would change a field of an unsynced user, so the pin waits for the first link. */
const warningsFor = (user: User): readonly Warning[] =>
  isSynced(user)
    ? []
    : [
        {
          code: 'not-synced',
          message: `${usernameOf(user)} has no account in a source; the pin matters once there is one.`,
        },
      ];

/** Effective roles without which a can-manage grant reviews nobody (R157) or sees no conversation (R158). */
const reviewRoles = ['EVAL_AGENTS', 'CREATE_EVALS', 'INTERACTIONS_GROUP_VIEW'] as const;

function powerless(user: User, catalogue: RoleCatalogue): readonly Warning[] {
  const effective = new Set(user.roles.flatMap(({ role }) => catalogue[role]?.effective ?? [role]));
  const missing = reviewRoles.filter((role) => !effective.has(role));
  if (missing.length === 0) return [];
  return [
    {
      code: 'grant-powerless',
      message: `${usernameOf(user)} lacks ${missing.join(', ')}; without them the grant reviews nobody or shows no conversations (R157, R158).`,
    },
  ];
}

interface Effect {
  readonly row?: UserRow;
  readonly parts: readonly UserChangePart[];
}

async function effectOf(
  tx: StoreTx,
  user: User,
  target: Omit<PinTarget, 'named'>,
  teams: readonly Team[],
): Promise<Effect> {
  if (target.kind === 'field')
    return fieldEffect(tx, user, target.subject as FieldName, target.mode === 'keep' ? target.value : undefined);
  if (target.kind === 'enabled') return enabledEffect(user, target.value === 'true');
  if (target.kind === 'main-team') return mainTeamEffect(user, Number(target.value), teams);
  return { parts: [] };
}

async function fieldEffect(tx: StoreTx, user: User, field: FieldName, value: string | undefined): Promise<Effect> {
  const before = user.values[field];
  // The same text keeps its owner, so that setting the pin alone changes nothing.
  if (before?.value === value) return { parts: [] };
  const after: OwnedValue | undefined = value === undefined ? undefined : { value, owner: 'local' };
  if (field === 'email' && value !== undefined) await requireFreeEmail(tx, user, value);
  const { [field]: _replaced, ...others } = user.values;
  return {
    row: { ...rowOf(user), values: after === undefined ? others : { ...others, [field]: after } },
    parts: [
      {
        part: 'field',
        field,
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
        rule: 'pinned',
      },
    ],
  };
}

async function requireFreeEmail(tx: StoreTx, user: User, value: string): Promise<void> {
  const key = foldKey(value);
  const holder = (await tx.holders('email', [key])).get(key);
  if (holder === undefined || holder === user.id) return;
  throw new RosterdError('value-taken', `email ${value} belongs to user ${holder}.`, {
    subject: value,
    detail: { holder },
  });
}

/** An admin hold is the stronger word of the two; it is lifted with `user enable`. */
function enabledEffect(user: User, value: boolean): Effect {
  if (user.enabled === value || user.adminHold !== undefined) return { parts: [] };
  return {
    row: { ...rowOf(user), enabled: value },
    parts: [{ part: 'enabled', before: user.enabled, after: value, because: 'pinned' }],
  };
}

function mainTeamEffect(user: User, id: number, teams: readonly Team[]): Effect {
  if (user.mainTeam === id) return { parts: [] };
  const refOf = (team: number | undefined) => {
    const found = teams.find((one) => one.id === team);
    return found === undefined ? undefined : { id: found.id, name: found.name };
  };
  const [before, after] = [refOf(user.mainTeam), refOf(id)];
  return {
    row: { ...rowOf(user), mainTeam: asTeamId(id) },
    parts: [{ part: 'main-team', ...(before && { before }), ...(after && { after }), rule: 'pinned' }],
  };
}

// Enabling and disabling by hand. Disabling is an admin hold, which no source lifts; enabling lifts it.
// What a source disabled is not enabled against it: the person is given the choices instead.

import type { EnabledReason } from '../model/change.ts';
import { RosterdError } from '../model/errors.ts';
import type { EpochMs } from '../model/ids.ts';
import { isSynced, isSyncOff, type User } from '../model/user.ts';
import { decideEnabled, type EnabledDecision } from '../reconcile/enabled.ts';
import { linkedAccounts } from '../reconcile/situation.ts';
import type { StoreTx } from '../sync/ports.ts';
import { type ActReport, actOnUser, rowOf } from './act.ts';
import { usernameOf } from './find.ts';
import type { AdminContext } from './ports.ts';
import { requireReason } from './reason.ts';
import { loadWorlds, sourcesOf } from './world.ts';

export async function disableUser(
  context: AdminContext,
  request: { readonly user: string; readonly reason: string },
): Promise<ActReport> {
  const reason = requireReason(request.reason);
  return actOnUser(context, request.user, async (user, _tx, now) => {
    const name = usernameOf(user);
    if (user.adminHold !== undefined) {
      return { unchanged: `${name} is disabled by ${user.adminHold.by} already: ${user.adminHold.reason}` };
    }
    const adminHold = { by: context.actor, reason, since: now };
    return {
      action: 'user.disabled',
      summary: `${name} is disabled, and stays so whatever a source says.`,
      parts: user.enabled ? [{ part: 'enabled', before: true, after: false, because: 'admin-hold' }] : [],
      detail: { before: null, after: adminHold },
      row: { ...rowOf(user), enabled: false, adminHold },
      ...comparedAgain(user, 'disabled by hand'),
    };
  });
}

export async function enableUser(context: AdminContext, request: { readonly user: string }): Promise<ActReport> {
  return actOnUser(context, request.user, async (user, tx, now) => {
    const name = usernameOf(user);
    const { adminHold, ...lifted } = rowOf(user);
    const activated = user.activated || !isSynced(user);
    const decision = await decideLifted(context, tx, user, activated, now);
    if (!decision.value) throw enabledElsewhere(user, decision.because);
    if (user.enabled && adminHold === undefined) return { unchanged: `${name} is enabled.` };
    return {
      action: 'user.enabled',
      summary: `${name} is enabled.`,
      parts: user.enabled ? [] : [{ part: 'enabled', before: false, after: true, because: decision.because }],
      detail: { before: adminHold ?? null, after: null },
      row: { ...lifted, enabled: true, activated },
      ...comparedAgain(user, 'enabled by hand'),
    };
  });
}

/** Sync owns the state of synced users; what is to be said of an agent or a supervisor depends on it as well. */
const comparedAgain = (user: User, dirty: string): { readonly dirty?: string } =>
  isSynced(user) || user.grants.length > 0 ? { dirty } : {};

/** What `enabled` would be without the admin hold. With sync off the person decides alone. */
async function decideLifted(
  context: AdminContext,
  tx: StoreTx,
  user: User,
  activated: boolean,
  now: EpochMs,
): Promise<EnabledDecision> {
  const { adminHold: _lifted, ...rest } = user;
  const [source] = sourcesOf(context, user);
  if (source === undefined || isSyncOff(user, now)) {
    const pin = user.pins.find((one) => one.kind === 'enabled' && (one.until === undefined || one.until > now));
    return pin?.value === 'false' ? { value: false, because: 'pinned' } : { value: true, because: 'activated' };
  }
  const world = (await loadWorlds(context, tx, now))(source);
  return decideEnabled(world, { ...rest, activated }, linkedAccounts(world, user, await tx.accountsOf([user.id])));
}

const whyNot: Readonly<Partial<Record<EnabledReason, string>>> = {
  pinned: 'an admin pinned it as disabled',
  'authority-disabled': 'the source disabled the account',
  'authority-expired': 'the account has expired in the source',
  'authority-gone': 'the source no longer has the account',
  'votes-gone': 'no source has an active account of this user any more',
  quarantined: 'the account that decides is disputed',
  'source-not-configured':
    'it has an account of a source that is not configured any more (see `rosterd source detach`)',
};

function enabledElsewhere(user: User, because: EnabledReason): RosterdError {
  const name = usernameOf(user);
  const choices =
    because === 'pinned'
      ? [`rosterd user unpin ${name} enabled`]
      : [`rosterd user pin ${name} enabled yes --reason "..."`, `rosterd user sync off ${name} --reason "..."`];
  const text = `${name} cannot be enabled by hand: ${whyNot[because] ?? because}.`;
  return new RosterdError('edit-conflict', text, { subject: name, detail: { because, choices } });
}

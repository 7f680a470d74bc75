// What the next runs will take away from a user, or let it in again, as it would be after an act, decided by the same core as a run and not stored.

import type { MirrorAccount } from '../model/account.ts';
import type { ChangePart } from '../model/change.ts';
import type { EpochMs } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import { decideUser, noRefusals } from '../reconcile/plan.ts';
import type { StoreTx } from '../sync/ports.ts';
import type { Warning } from './act.ts';
import { usernameOf } from './find.ts';
import type { AdminContext } from './ports.ts';
import { loadWorlds, sourcesOf } from './world.ts';

/** `accounts`: those that are linked to the user then. */
export async function goesWithNextRun(
  context: AdminContext,
  tx: StoreTx,
  user: User,
  accounts: readonly MirrorAccount[],
  now: EpochMs,
): Promise<readonly Warning[]> {
  const worldOf = await loadWorlds(context, tx, now);
  const said = new Set<string>();
  return sourcesOf(context, user).flatMap((source): readonly Warning[] => {
    const { change } = decideUser(worldOf(source), { user, accounts }, noRefusals);
    const name = usernameOf(user);
    const isLetIn = change?.parts.some((part) => part.part === 'enabled' && part.after) === true;
    const letIn = `The next run of ${source} gives ${name} access again: nothing that is left says no. To prevent it: rosterd user disable ${name} --reason "..."`;
    const gains = isLetIn ? [{ code: 'access-returns', message: letIn }] : [];
    const losses = (change?.parts ?? []).flatMap(lossIn).filter((loss) => !said.has(loss));
    for (const loss of losses) said.add(loss);
    if (losses.length === 0) return gains;
    const message = `The next run of ${source} takes away from ${name}: ${losses.join(', ')}.`;
    return [...gains, { code: 'goes-with-next-run', message }];
  });
}

/** In words; nothing for what is no loss. */
function lossIn(part: ChangePart): readonly string[] {
  switch (part.part) {
    case 'field':
      return part.after === undefined ? [part.field] : [];
    case 'attribute':
      return part.after === undefined ? [part.name] : [];
    case 'enabled':
      return part.after ? [] : [`access (${part.because})`];
    case 'membership':
      return part.op === 'remove' ? [`team ${part.team.name}`] : [];
    case 'grant':
      return part.op === 'remove' ? [`can-manage of ${part.team.name}`] : [];
    case 'role':
      return part.op === 'remove' ? [`role ${part.role}`] : [];
    case 'main-team':
      return part.before === undefined ? [] : [`main team ${part.before.name}`];
    default:
      return [];
  }
}

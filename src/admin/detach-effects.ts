// What letting go of a source does to those whom another source goes on speaking for, decided by the same core as a run.
// Invariant: nobody gets access because the source that said no is not there any more.

import type { MirrorAccount } from '../model/account.ts';
import type { SourceName, UserId } from '../model/ids.ts';
import { isPinActive, type User } from '../model/user.ts';
import { decideEnabled } from '../reconcile/enabled.ts';
import { decideGrants, takesManualGrants } from '../reconcile/memberships.ts';
import { linkedAccounts } from '../reconcile/situation.ts';
import type { CompiledWorld } from '../reconcile/world.ts';
import type { PlanReader } from '../sync/ports.ts';
import type { AdminContext } from './ports.ts';
import { loadWorlds, sourcesOf } from './world.ts';

export interface DetachEffects {
  /** Users who are disabled, and whom their other accounts alone would enable: they are disabled by hand from then on. */
  readonly staysDisabled: readonly UserId[];
  /** Can-manage of the source that the next runs of other sources take away, as what is set by hand (R161). */
  readonly grantsGo: number;
}

type Reader = Pick<PlanReader, 'users' | 'accountsOf' | 'teams' | 'groups'>;

/** Users that are in memory at a time. */
const portion = 500;

/** `atStake`: the users to look at, as they are before the source is let go. */
export async function effectsOfDetach(
  context: AdminContext,
  reader: Reader,
  source: SourceName,
  atStake: readonly UserId[],
): Promise<DetachEffects> {
  const staysDisabled: UserId[] = [];
  let grantsGo = 0;
  if (atStake.length === 0) return { staysDisabled, grantsGo };
  const worldOf = await loadWorlds(context, reader, context.now());
  for (let start = 0; start < atStake.length; start += portion) {
    const ids = atStake.slice(start, start + portion);
    const accounts = Map.groupBy(await reader.accountsOf(ids), ({ userId }) => userId);
    for (const user of await reader.users(ids)) {
      const left = withoutSource(user, source);
      const worlds = sourcesOf(context, left).map(worldOf);
      const own = accounts.get(user.id) ?? [];
      if (!user.enabled && user.adminHold === undefined && worlds.some((world) => wouldEnable(world, left, own)))
        staysDisabled.push(user.id);
      grantsGo += grantsTaken(worlds, left, own, user.grants.filter(({ owner }) => owner === source).length);
    }
  }
  return { staysDisabled, grantsGo };
}

const withoutSource = (user: User, source: SourceName): User => ({
  ...user,
  links: user.links.filter((link) => link.source !== source),
  grants: user.grants.map((row) => (row.owner === source ? { ...row, owner: 'local' } : row)),
});

/** A pin that keeps somebody out ends some day; one that lets somebody in is the word of a person. */
function wouldEnable(world: CompiledWorld, user: User, accounts: readonly MirrorAccount[]): boolean {
  const pins = user.pins.filter((pin) => pin.kind !== 'enabled');
  const isLetIn = user.pins.some(
    (pin) => pin.kind === 'enabled' && pin.value === 'true' && isPinActive(pin, world.now),
  );
  return !isLetIn && decideEnabled(world, { ...user, pins }, linkedAccounts(world, user, accounts)).value;
}

/** A team that another source says too stays the user's, whoever owned it first. */
function grantsTaken(
  worlds: readonly CompiledWorld[],
  user: User,
  accounts: readonly MirrorAccount[],
  given: number,
): number {
  if (given === 0) return 0;
  const taken = new Set<string>();
  for (const world of worlds) {
    const own = world.index.sources.get(world.source);
    if (own === undefined || !takesManualGrants(own)) continue;
    const { ops, after } = decideGrants(world, user, linkedAccounts(world, user, accounts));
    const stays = new Set(after.map(({ key }) => key));
    for (const { op, key, owner } of ops) if (op === 'remove' && owner === 'local' && !stays.has(key)) taken.add(key);
  }
  return taken.size;
}

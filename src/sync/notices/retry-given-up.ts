// Puts back what was given up, for when a person has mended the target.
// Invariant: only what was given up is touched; it keeps its number, and with it the id by which a receiver tells a repetition.

import { RosterdError } from '../../model/errors.ts';
import type { EpochMs } from '../../model/ids.ts';
import type { Delivery } from '../../model/notice.ts';
import type { SyncStore } from '../ports.ts';

/** More than an outbox ever holds: what is sent or given up is forgotten with the old runs. */
const every = 1_000_000;

/** `targets`: the configured ones; what is for another one stays given up (`left`). Throws `usage` for a number that was not given up. */
export async function retryGivenUp(
  store: Pick<SyncStore, 'write'>,
  which: number | 'all',
  targets: readonly string[],
  now: EpochMs,
): Promise<{ readonly retried: readonly Delivery[]; readonly left: readonly Delivery[] }> {
  return store.write(async (tx) => {
    const undelivered = await tx.deliveries({ state: 'undelivered', limit: every });
    const meant = undelivered.filter(({ id, gaveUpAt }) => gaveUpAt !== undefined && (which === 'all' || id === which));
    if (which !== 'all' && meant.length === 0)
      throw new RosterdError('usage', `No notice with the number ${which} was given up.`);
    const isKnown = ({ target }: Delivery): boolean => targets.includes(target);
    const retried = meant.filter(isKnown).map(
      ({ gaveUpAt: _gaveUp, ...delivery }): Delivery => ({
        ...delivery,
        // Its three days may be over; so it is tried three times more at least.
        attempts: 0,
        nextAttemptAt: now,
      }),
    );
    for (const delivery of retried) await tx.saveDelivery(delivery);
    return { retried, left: meant.filter((delivery) => !isKnown(delivery)) };
  });
}

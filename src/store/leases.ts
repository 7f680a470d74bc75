// Leases: one holder per name, fenced by a token that grows with every take-over.
// Times are those of the process that asks. What a wrong clock costs is a run, never what is written: whoever was taken over
// for living or dead fails at the next write, because its token is no longer the current one.
//
//   the clock is set back        a lease that lasts for more than two terms from now was written by another time: it is free
//   replicas differ by less      than the rest of a term (the usual one: 135 s of 180 s): nobody notices
//   replicas differ by more      they take each other's leases for expired, or for written by another time. The last to start
//                                wins, the other ends with `lease-lost`, and its next run goes on. Keep clocks in step (NTP).
//   stalled in a transaction     nobody else can write: PostgreSQL ends it after a minute; with SQLite others hear `store-busy` until
//                                the process goes on or is killed

import { RosterdError } from '../model/errors.ts';
import { asEpochMs, type EpochMs } from '../model/ids.ts';
import type { Lease, LeaseWriter } from '../sync/ports.ts';
import { isDead } from './process-holder.ts';
import type { Sql } from './sql.ts';
import { toMs, toText } from './times.ts';

interface LeaseRow {
  readonly holder: string;
  readonly token: number;
  readonly expires_at: string;
}

/** A released lease stays as a row, so that its token never starts over. */
const nobody = '';

export function leaseWriter(sql: Sql): LeaseWriter {
  return {
    acquire: (name, holder, ttlMs, now) => acquire(sql, name, holder, ttlMs, now),
    async renew(lease, ttlMs, now) {
      const written = await sql.run(
        'UPDATE leases SET expires_at = $4 WHERE name = $1 AND holder = $2 AND token = $3',
        lease.name,
        lease.holder,
        lease.token,
        expiry(now, ttlMs),
      );
      if (written === 0) {
        throw new RosterdError('lease-lost', `The lease ${lease.name} was taken over by another process.`, {
          subject: lease.name,
          detail: { holder: lease.holder, token: lease.token },
        });
      }
    },
    async release(lease) {
      await sql.run(
        'UPDATE leases SET holder = $4, expires_at = $5 WHERE name = $1 AND holder = $2 AND token = $3',
        lease.name,
        lease.holder,
        lease.token,
        nobody,
        toText(asEpochMs(0)),
      );
    },
  };
}

const expiry = (now: EpochMs, ttlMs: number): string => toText(asEpochMs(now + ttlMs));

function isFree({ holder, expires_at: expiresAt }: LeaseRow, ttlMs: number, now: EpochMs): boolean {
  const leftMs = toMs(expiresAt) - now;
  return !(leftMs > 0 && leftMs <= 2 * ttlMs) || holder === nobody || isDead(holder);
}

async function acquire(
  sql: Sql,
  name: string,
  holder: string,
  ttlMs: number,
  now: EpochMs,
): Promise<Lease | { readonly heldBy: string }> {
  const row = await sql.first<LeaseRow>('SELECT holder, token, expires_at FROM leases WHERE name = $1', name);
  if (row !== undefined && !isFree(row, ttlMs, now)) return { heldBy: row.holder };
  const token = (row?.token ?? 0) + 1;
  await sql.run(
    `INSERT INTO leases (name, holder, token, expires_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = excluded.token, expires_at = excluded.expires_at`,
    name,
    holder,
    token,
    expiry(now, ttlMs),
  );
  return { name, holder, token };
}

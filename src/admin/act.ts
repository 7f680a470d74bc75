// The frame of every admin act: one transaction that reads the user, validates, writes, marks the user for the next plan
// where sync could own what was edited, and appends one audit entry. An act that changes nothing writes nothing.

import type { ChangePart } from '../model/change.ts';
import type { EpochMs, UserId } from '../model/ids.ts';
import type { User } from '../model/user.ts';
import type { StoreTx, UserRow } from '../sync/ports.ts';
import { findUser, usernameOf } from './find.ts';
import type { AdminContext } from './ports.ts';

/** Something the person should know; it does not stop the act. */
export interface Warning {
  readonly code: string;
  readonly message: string;
}

export interface ActReport {
  readonly user: { readonly id: UserId; readonly username: string };
  /** False when everything was already so; then nothing was written. */
  readonly changed: boolean;
  /** What is so now, in one sentence. */
  readonly summary: string;
  readonly warnings: readonly Warning[];
  /** Sequence number of the audit entry. */
  readonly audit?: number;
}

/** What an act decided. The frame writes `row` and the audit entry; other tables are written by the act itself. */
export interface Act {
  readonly action: string;
  readonly summary: string;
  /** What of it is a change in the words of sync, so that one reader understands both. */
  readonly parts: readonly ChangePart[];
  /** Everything else that the audit should keep: reason, until, before and after. */
  readonly detail: Readonly<Record<string, unknown>>;
  readonly row?: UserRow;
  /** Why the next plan must look at the user again; absent where sync never owns what was edited. */
  readonly dirty?: string;
  readonly warnings?: readonly Warning[];
}

/** Nothing to do, with the sentence that says so. */
export interface NoAct {
  readonly unchanged: string;
  readonly warnings?: readonly Warning[];
}

export type DecideAct = (user: User, tx: StoreTx, now: EpochMs) => Promise<Act | NoAct>;

export async function actOnUser(context: AdminContext, ref: string, decide: DecideAct): Promise<ActReport> {
  return context.store.write(async (tx) => {
    const user = await findUser(tx, ref);
    const now = context.now();
    const act = await decide(user, tx, now);
    const named = { id: user.id, username: usernameOf(user) };
    if ('unchanged' in act)
      return { user: named, changed: false, summary: act.unchanged, warnings: act.warnings ?? [] };
    if (act.row !== undefined) await tx.userRows.save([act.row]);
    if (act.dirty !== undefined) await tx.dirty.users([user.id], act.dirty);
    const head = await tx.audit([
      {
        at: now,
        actor: context.actor,
        action: act.action,
        subject: `user:${user.id}`,
        label: named.username,
        userId: user.id,
        payload: { ...act.detail, ...(act.parts.length === 0 ? {} : { parts: act.parts }) },
      },
    ]);
    return { user: named, changed: true, summary: act.summary, warnings: act.warnings ?? [], audit: head.seq };
  });
}

/** The user's own row, to be saved with something replaced. Keys given as undefined are left out. */
export function rowOf(user: User): UserRow {
  return {
    id: user.id,
    origin: user.origin,
    values: user.values,
    enabled: user.enabled,
    activated: user.activated,
    ...(user.adminHold === undefined ? {} : { adminHold: user.adminHold }),
    ...(user.syncOff === undefined ? {} : { syncOff: user.syncOff }),
    ...(user.mainTeam === undefined ? {} : { mainTeam: user.mainTeam }),
  };
}

// What a person must hear of without looking. A notice is written in the transaction that makes it true, then sent from there.

import type { EpochMs, RunId, SourceName } from './ids.ts';

/** Every kind with what it means: the list that the configuration (`on:`) and docs/operations.md use. */
export const noticeKinds = {
  'plan-held': 'The guard holds changes of a run; they wait for a decision.',
  'plan-held-long': 'Held changes have waited for more than a day; told again every day.',
  'source-failing':
    'Three scheduled runs of a source in a row failed or read only a part; at once when the source refuses the password.',
  'source-overdue': 'A source had no complete read for longer than its schedule allows.',
  'source-recovered': 'A source that was failing or overdue was read completely again.',
  'audit-broken': 'The audit log is not as it was written.',
  'sync-off-expiring': 'The sync switch of a user goes back on within a day.',
  'protected-finding': 'A finding concerns a protected user.',
} as const;

export type NoticeKind = keyof typeof noticeKinds;

export interface Notice {
  readonly kind: NoticeKind;
  /** Same key, same fact: it is told to each target once. */
  readonly key: string;
  readonly source?: SourceName;
  readonly run?: RunId;
  readonly at: EpochMs;
  /** One line: what happened, to what. Becomes the subject of a mail. */
  readonly title: string;
  /** Sentences: the facts, then what to do, with the commands. No attribute values. */
  readonly text: readonly string[];
  /** For machines. Numbers and names, never attribute values. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  /** What rosterd itself has to remember of it; stored, never sent. */
  readonly memo?: string;
}

/** A notice on its way to one target. */
export interface Delivery {
  readonly id: number;
  readonly target: string;
  readonly notice: Notice;
  readonly attempts: number;
  /** Absent once it is sent or given up. */
  readonly nextAttemptAt?: EpochMs;
  readonly sentAt?: EpochMs;
  readonly gaveUpAt?: EpochMs;
  readonly lastError?: string;
}

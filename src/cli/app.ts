// What the command line needs of the rest of rosterd. src/compose.ts fulfils it, tests hand in doubles where they must.
// Invariant: commands parse, call one of these and print; they decide nothing and open nothing themselves.

import type { Admin } from '../admin/admin.ts';
import type { AuditVerdict, SourceCheck } from '../admin/ports.ts';
import type { Status } from '../admin/status.ts';
import type { ConfigProblem } from '../config/problem.ts';
import type { RosterdError } from '../model/errors.ts';
import type { EpochMs, RunId, SourceName } from '../model/ids.ts';
import type { Delivery } from '../model/notice.ts';
import type { ChangeState, Run } from '../model/run.ts';
import type { EventSink } from '../sync/events.ts';
import type { Approval, StoredChange } from '../sync/ports.ts';
import type { Waiting } from '../sync/wait-for-source.ts';

/** Where the configuration is: `--config`, or undefined for ROSTERD_CONFIG and the usual places. */
export interface ConfigLocation {
  readonly config: string | undefined;
  /** `on`: runs are logged as the configuration says (log.level, log.format). Default: off. */
  readonly log?: 'on' | 'off';
}

export interface ConfigReport {
  readonly file: string;
  readonly problems: readonly ConfigProblem[];
  /** In the order of the file; empty when the file is too broken to tell. */
  readonly sources: readonly SourceSummary[];
}

export interface SourceSummary {
  readonly name: SourceName;
  /** Connector type: `active-directory`, ... */
  readonly type: string;
  /** Sources that must have been read before it. */
  readonly correlateAfter?: readonly SourceName[];
}

export interface InitReport {
  /** In the order in which a person should look at them. `kept`: it was there and stays as it is. `left-out`: see its purpose. */
  readonly files: readonly {
    readonly path: string;
    readonly purpose: string;
    readonly outcome: 'written' | 'kept' | 'left-out';
  }[];
}

/** A run with what it decided. The changes are read from the store while they are printed. */
export interface RunReport {
  readonly run: Run;
  /** Held, rejected and superseded ones also where an earlier run stores them (`run.heldRunId`). */
  readonly changeCounts: Readonly<Partial<Record<ChangeState, number>>>;
  changes(filter?: { readonly states?: readonly ChangeState[] }): AsyncIterable<StoredChange>;
}

export interface SyncRequest {
  /** Both read everything at present; `auto` leaves it to the source as soon as one can be asked for changes only. */
  readonly mode: 'auto' | 'full';
  /** `plan`: a dry run, which ends after the guard. */
  readonly intent: 'apply' | 'plan';
  /** For whoever is at the source; absent: not at all. */
  readonly waiting?: Waiting;
}

export interface RunFilter {
  readonly source?: SourceName;
  readonly states?: readonly Run['state'][];
  readonly limit: number;
}

/** What a decision on held changes led to. */
export interface DecisionReport {
  readonly approval: Approval;
  /** The run that applied the approved changes; absent for a rejection, or when the next run will do it. */
  readonly report?: RunReport;
}

/** How the test message to one target ended; without an error it was taken. */
export interface TestOutcome {
  readonly target: string;
  readonly error?: RosterdError;
}

/** Telling people: the outbox and the targets. */
export interface Notifying {
  /** The configured ones; none: nobody is told of anything. */
  readonly targets: readonly string[];
  /** Newest first. `undelivered`: waiting or given up. */
  list(filter: { readonly state: 'any' | 'undelivered'; readonly limit: number }): Promise<readonly Delivery[]>;
  /** Puts back what was given up, one or all of it, but for targets that are not configured any more (`left`). Throws `usage`. */
  retry(which: number | 'all'): Promise<{ readonly retried: readonly Delivery[]; readonly left: readonly Delivery[] }>;
  /** Sends a message to one target or to all of them, past the outbox. Throws `target-unknown`. */
  test(target: string | undefined, signal: AbortSignal): Promise<readonly TestOutcome[]>;
  /** Sends what is due, once and for a few seconds at most. Returns what did not work, in sentences. */
  deliver(signal: AbortSignal): Promise<readonly string[]>;
}

/** An opened installation: configuration loaded, secrets there, store open and migrated. */
export interface App {
  readonly sources: readonly SourceSummary[];
  readonly admin: Admin;
  /** Throws `source-unknown`, `run-in-progress`; a source that fails ends the run as `failed` or `partial` instead. */
  sync(source: SourceName, request: SyncRequest, signal: AbortSignal, onEvent: EventSink): Promise<RunReport>;
  /** From the database only. */
  status(): Promise<Status>;
  /** Newest first. */
  runs(filter: RunFilter): Promise<readonly Run[]>;
  /** Throws `run-unknown`. */
  run(id: RunId): Promise<RunReport>;
  /** Throws `run-unknown`, `nothing-held`, `plan-superseded`, `run-in-progress`. */
  approve(
    id: RunId,
    request: { readonly reason: string; readonly waiting?: Waiting },
    signal: AbortSignal,
    onEvent: EventSink,
  ): Promise<DecisionReport>;
  reject(
    id: RunId,
    request: { readonly reason: string; readonly until?: EpochMs; readonly waiting?: Waiting },
    signal: AbortSignal,
  ): Promise<DecisionReport>;
  readonly notify: Notifying;
  /**
   * `head`: a head that was kept elsewhere (the log, an earlier proof), which the chain must contain.
   * A break is written into the outbox of notices too.
   */
  verifyAudit(
    request: { readonly head?: string },
    signal: AbortSignal,
    onProgress: (done: number, total: number) => void,
  ): Promise<AuditVerdict>;
  close(): Promise<void>;
}

/** The database itself, also when it is not migrated yet. */
export interface Database {
  readonly kind: 'sqlite' | 'postgresql';
  /** File or host and database name; never with a password. */
  readonly location: string;
  migrate(): Promise<{ readonly applied: readonly string[] }>;
  /** Throws `backup-exists`. A consistent copy, also beside a running daemon. */
  backup(target: string): Promise<{ readonly path: string; readonly bytes: number }>;
  /** Keeps the present database beside it (`kept`). */
  restore(from: string): Promise<{ readonly kept?: string }>;
  /**
   * Copies everything to the database of another configuration file, which must be empty and have the same audit key.
   * Throws `store-not-empty`, `store-busy`, `audit-key-differs`, `audit-broken`; then the target is as empty as before.
   */
  copyTo(configFile: string, signal: AbortSignal): Promise<StoreCopy>;
  close(): Promise<void>;
}

/** What `db copy` has copied, and proven to be there. */
export interface StoreCopy {
  readonly from: string;
  readonly to: string;
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  readonly audit: { readonly entries: number; readonly head: string };
}

/** The doors that src/main.ts hands to the command line. Each loads the configuration by itself. */
export interface Rosterd {
  readonly version: string;
  /** Writes a commented configuration and the audit key. Never overwrites. */
  init(request: { readonly folder: string }): Promise<InitReport>;
  /** Offline. Throws only when the file cannot be read (`config-not-found`). */
  checkConfig(location: ConfigLocation): Promise<ConfigReport>;
  /** Connects to the source and needs no database. Throws `source-unknown`. */
  checkSource(location: ConfigLocation, source: string, signal: AbortSignal): Promise<SourceCheck>;
  /** Never makes a database: throws `store-unreachable` or `store-needs-migration`. */
  open(location: ConfigLocation): Promise<App>;
  /**
   * The daemon: runs until the signal, then stops between two transactions. Throws what keeps it from starting.
   * `endNow`: ends the process when stopping takes longer than the configuration allows.
   */
  serve(location: ConfigLocation, signal: AbortSignal, endNow: (code: number) => void): Promise<void>;
  openDatabase(location: ConfigLocation): Promise<Database>;
}

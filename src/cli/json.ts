// The shapes that `--json` prints. They only ever grow: a key is never renamed, removed or given another meaning.
// Times are ISO 8601 in UTC, what is not there is null, and standard output carries exactly one document (or one per line).

import type { ChangePart, ChangeSubject } from '../model/change.ts';
import type { Hold } from '../model/decision.ts';
import type { RunCounts } from '../model/run.ts';

export interface ErrorJson {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly advice: string;
    /** The exit code of the command. */
    readonly exit: number;
    readonly subject: string | null;
    readonly detail: Readonly<Record<string, unknown>>;
    /** Only for faults of rosterd (code `bug`). */
    readonly stack?: string;
  };
}

export interface RunJson {
  readonly id: number;
  readonly source: string;
  /** cli, schedule, api, approval */
  readonly trigger: string;
  readonly actor: string;
  /** full, delta */
  readonly mode: string;
  readonly dryRun: boolean;
  /** More than 1 when the daemon tried again what failed at the same scheduled time. */
  readonly attempt: number;
  /** reading, planning, applying, verifying; then done, held, partial, failed, interrupted, paused */
  readonly state: string;
  /** How its read ended: complete, partial; null when the source could not be reached. */
  readonly read: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly errorCode: string | null;
  readonly because: string | null;
  readonly counts: RunCounts;
  /** Facts that prove a complete read. */
  readonly proof: Readonly<Record<string, string | number | boolean>> | null;
  readonly holds: readonly (Hold & { readonly text: string })[];
  /** The run to approve or reject: the first that stored these held changes. */
  readonly heldRun: number | null;
  readonly auditHead: string | null;
}

export interface ChangeJson {
  readonly id: number;
  /** planned, held, applied, obsolete, conflict, superseded, rejected */
  readonly state: string;
  readonly because: string | null;
  readonly subject: ChangeSubject;
  readonly label: string;
  readonly parts: readonly ChangePart[];
}

export interface RunReportJson {
  readonly run: RunJson;
  readonly changeCounts: Readonly<Record<string, number>>;
  readonly changes: readonly ChangeJson[];
  /** Who had a main team and gets another one or none; of every state, whatever `changes` was limited to. */
  readonly mainTeams: readonly MainTeamJson[];
  readonly mainTeamSummary: {
    /** The greatest first. */
    readonly moves: readonly (Omit<MainTeamJson, 'user'> & { readonly users: number })[];
    /** Users who get a main team and had none. */
    readonly first: number;
  };
}

export interface MainTeamJson {
  readonly user: string;
  readonly from: string;
  readonly to: string | null;
  /** pinned, kept, first-assigned, first-by-name, no-team */
  readonly rule: string;
  /** rank, ineligible: without these the name alone had chosen another team. */
  readonly decidedBy: readonly string[];
  readonly held: boolean;
  /** As in ChangeJson. */
  readonly state: string;
}

export interface SwitchJson {
  readonly by: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string | null;
}

export interface UserJson {
  readonly id: number;
  readonly username: string;
  readonly displayName: string | null;
  readonly email: string | null;
  readonly origin: string;
  readonly enabled: boolean;
  readonly adminHold: Omit<SwitchJson, 'until'> | null;
  readonly syncOff: SwitchJson | null;
  readonly sources: readonly string[];
  readonly mainTeam: string | null;
  readonly teams: readonly string[];
  readonly roles: readonly string[];
}

export interface ActJson {
  readonly user: { readonly id: number; readonly username: string };
  readonly changed: boolean;
  readonly summary: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Sequence number of the audit entry. */
  readonly audit: number | null;
}

/** A notice on its way to one target. */
export interface DeliveryJson {
  readonly id: number;
  readonly target: string;
  /** plan-held, plan-held-long, source-failing, source-overdue, source-recovered, audit-broken, sync-off-expiring, protected-finding */
  readonly kind: string;
  readonly source: string | null;
  readonly run: number | null;
  readonly title: string;
  readonly text: readonly string[];
  readonly at: string;
  /** waiting, sent, given-up */
  readonly state: string;
  readonly attempts: number;
  readonly nextAttemptAt: string | null;
  readonly sentAt: string | null;
  readonly gaveUpAt: string | null;
  readonly lastError: string | null;
}

export interface PinJson extends SwitchJson {
  /** field, enabled, membership, grant, role, main-team */
  readonly kind: string;
  /** Field, number of the team, role, or `-`. */
  readonly subject: string;
  /** keep, keep-out */
  readonly mode: string;
  readonly value: string | null;
}

export interface LastChangeJson {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  /** Sequence number of the audit entry. */
  readonly audit: number;
  readonly run: number | null;
  /** The rule that was applied then. */
  readonly rule: string | null;
}

export interface ExplainedItemJson {
  readonly name: string;
  readonly owners: readonly {
    readonly owner: string;
    readonly account: string | null;
    /** there; comes, goes: the next run changes it. */
    readonly state: string;
    readonly rule: string;
    readonly lastChange: LastChangeJson | null;
  }[];
  readonly pin: PinJson | null;
}

export interface ExplanationJson {
  readonly user: UserJson;
  readonly accounts: readonly {
    readonly source: string;
    readonly id: string;
    readonly name: string;
    readonly dn: string | null;
    readonly status: string;
    readonly presence: string;
    readonly quarantine: string | null;
    /** active, gone */
    readonly link: string;
    /** The correlation rule that made the link. */
    readonly rule: string;
    readonly since: string;
  }[];
  readonly enabled: {
    readonly value: boolean;
    readonly because: string;
    /** What the next run would make of it, where that differs. */
    readonly next: boolean | null;
    readonly pin: PinJson | null;
    readonly lastChange: LastChangeJson | null;
  };
  readonly fields: readonly {
    readonly field: string;
    readonly value: string | null;
    readonly owner: string | null;
    readonly rule: string;
    readonly candidates: readonly {
      readonly owner: string;
      readonly account: string | null;
      readonly reading: string;
      readonly value: string | null;
      readonly verdict: string;
    }[];
    readonly next: { readonly value: string | null; readonly owner: string | null } | null;
    readonly pin: PinJson | null;
    readonly lastChange: LastChangeJson | null;
  }[];
  readonly attributes: readonly {
    readonly name: string;
    readonly value: string;
    readonly owner: string;
    /** there; comes, goes: the next run changes it. */
    readonly state: string;
    readonly wins: boolean;
    readonly lastChange: LastChangeJson | null;
  }[];
  readonly teams: readonly ExplainedItemJson[];
  readonly mainTeam: {
    readonly name: string | null;
    /** Where the next run would make it another one. */
    readonly next: string | null;
    readonly rule: string;
    /** The other teams, by name. */
    readonly others: readonly string[];
    readonly pin: PinJson | null;
    readonly lastChange: LastChangeJson | null;
  };
  readonly grants: readonly ExplainedItemJson[];
  readonly roles: readonly (ExplainedItemJson & { readonly effective: readonly string[] })[];
  readonly pins: readonly PinJson[];
}

export interface HolderJson {
  /** As it stands in the lease. */
  readonly holder: string;
  readonly host: string;
  readonly pid: number | null;
}

export interface SourceStatusJson {
  readonly source: string;
  readonly type: string;
  /** What most needs somebody: failing, overdue, unfinished, held, paused, running, never read, ok */
  readonly health: string;
  /** null: only on demand. */
  readonly schedule: { readonly full: string; readonly timeZone: string; readonly next: readonly string[] } | null;
  /** `at`: when that run began. */
  readonly lastComplete: { readonly run: number; readonly at: string } | null;
  /** The last one that has ended. */
  readonly lastRun: RunJson | null;
  /** Somebody alive is at the source. */
  readonly running: (HolderJson & { readonly run: RunJson | null }) | null;
  /** What waits for a decision; `run` is the one to approve or reject. */
  readonly held: {
    readonly run: number;
    readonly changes: number;
    readonly since: string;
    readonly holds: readonly (Hold & { readonly text: string })[];
  } | null;
  /** Open ones. */
  readonly findings: number;
  readonly pause: SwitchJson | null;
  /** The last scheduled time at which nothing ran; `reason`: still-running, running-elsewhere, missed, credentials-refused */
  readonly skipped: {
    readonly dueAt: string;
    readonly at: string;
    readonly reason: string;
    readonly detail: string;
  } | null;
  /** Scheduled times in a row that failed or read only a part. */
  readonly failingTicks: number;
  readonly isOverdue: boolean;
  readonly overdueSince: string | null;
  /** A run that its process left open; the next run goes on. */
  readonly leftOpen: RunJson | null;
}

export interface StatusJson {
  readonly at: string;
  /** Living ones. */
  readonly daemons: readonly (HolderJson & { readonly name: string })[];
  /** Who plans and applies at this moment. */
  readonly reconciling: HolderJson | null;
  /** Of every source. */
  readonly pauseOfAll: SwitchJson | null;
  readonly notices: { readonly waiting: number; readonly givenUp: number };
  /** Configured ones; none: nobody is told of anything. */
  readonly noticeTargets: readonly string[];
  readonly auditHead: string;
  readonly sources: readonly SourceStatusJson[];
}

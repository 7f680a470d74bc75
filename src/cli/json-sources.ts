// The shapes that `--json` prints about acts on sources; the rules of json.ts hold here too.

export interface SourceActJson {
  /** null: every source. */
  readonly source: string | null;
  readonly changed: boolean;
  readonly summary: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Sequence number of the audit entry. */
  readonly audit: number | null;
}

export interface DetachJson {
  readonly source: string;
  /** false: it was only looked at. */
  readonly changed: boolean;
  readonly summary: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly counts: {
    readonly users: number;
    /** Of these, those who have an account nowhere else. */
    readonly unsynced: number;
    readonly accounts: number;
    readonly groups: number;
    readonly teams: number;
    readonly findings: number;
    /** Roles that become local on users with an account of another source; no source takes them away. */
    readonly roles: number;
    /** Users who are disabled by hand from then on, because their other accounts alone would enable them. */
    readonly staysDisabled: number;
    /** Can-manage that the next runs of other sources take away (R161). */
    readonly grantsGo: number;
  };
  /** Sequence number of the audit entry. */
  readonly audit: number | null;
}

// The shapes that `--json` prints about findings; the rules of json.ts hold here too.

import type { SwitchJson } from './json.ts';

export interface FindingJson {
  readonly id: number;
  readonly code: string;
  readonly source: string | null;
  readonly subject: string;
  readonly label: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly advice: string;
  readonly openedAt: string;
  readonly openedBy: number | null;
  readonly closedAt: string | null;
  readonly closedBy: number | null;
  /** A person wants to hear no more of it. */
  readonly ignored: SwitchJson | null;
}

export interface FindingActJson {
  readonly finding: { readonly id: number; readonly code: string; readonly label: string };
  readonly changed: boolean;
  readonly summary: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** Sequence number of the audit entry. */
  readonly audit: number | null;
}

/** A finding in the words of whoever administers the source. */
export interface OutwardFindingJson {
  readonly code: string;
  readonly task: string;
  readonly number: number;
  /** Of the person, team or group. */
  readonly name: string;
  /** In the source: DN, agent ID, user ID; empty where it has none. */
  readonly id: string;
  readonly since: string;
  readonly facts: string;
}

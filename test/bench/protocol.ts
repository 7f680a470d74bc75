// What run.ts asks of a fresh process, and what that answers.

import type { RunCounts } from '../../src/model/run.ts';
import type { Cost, Figures } from './measure.ts';

export interface ServerAccess {
  readonly url: string;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  readonly peopleDn: string;
  readonly groupsDn: string;
}

export interface UcceAccess {
  readonly url: string;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  readonly agents: number;
}

export type Task =
  /** What ldapts alone costs: the same entries and attributes, thrown away. */
  | { readonly do: 'bare-read'; readonly server: ServerAccess }
  /** The connector alone: decoded records, thrown away. */
  | { readonly do: 'connector-read'; readonly server: ServerAccess }
  /** The agents of a UCCE: from the text of its pages to accounts, or the whole read. */
  | { readonly do: 'ucce-decode' | 'ucce-read'; readonly server: UcceAccess }
  /** A real run through the composition root, as the command line does it. */
  | { readonly do: 'sync'; readonly config: string; readonly intent: 'apply' | 'plan' };

export interface RunFacts {
  readonly state: string;
  readonly because: string | undefined;
  readonly counts: RunCounts;
}

export interface Answer {
  readonly figures: Figures;
  /** Users and groups that came. */
  readonly read: { readonly users: number; readonly groups: number };
  /** By phase of the run, `reading` first. */
  readonly phases: Readonly<Record<string, Cost>>;
  /** What is alive on the heap after a tenth of the read and at its end; UCCE only. */
  readonly aliveMb?: { readonly early: number; readonly late: number };
  /** From the end of the read to the end of the run. */
  readonly afterRead: Cost | undefined;
  /** Opening the store and the configuration; not in the figures. */
  readonly openMs: number | undefined;
  readonly run: RunFacts | undefined;
}

export type Reply = { readonly ok: true; readonly answer: Answer } | { readonly ok: false; readonly error: string };

/** The attributes that rosterd asks for with the configuration of bench-config.ts: 13 of a user. */
export const userAttributes = [
  'objectGUID',
  'sAMAccountName',
  'userAccountControl',
  'accountExpires',
  'primaryGroupID',
  'mail',
  'givenName',
  'sn',
  'displayName',
  'telephoneNumber',
  'department',
  'title',
  'userPrincipalName',
] as const;
export const groupAttributes = ['objectGUID', 'cn', 'sAMAccountName', 'objectSid', 'uSNChanged', 'member'] as const;

export const userFilter = '(&(objectClass=user)(!(objectClass=computer))(!(sAMAccountType=805306370)))';
export const groupFilter = '(objectClass=group)';

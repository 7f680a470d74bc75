// Branded identifiers, so that the number of a user is never passed where the number of a team is wanted.
// A brand is given once, where the value enters the program (config, store, connector); nothing here checks anything.

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Name of a configured source, e.g. `ad-hq`. Never `local`. */
export type SourceName = Branded<string, 'SourceName'>;
/** The source's own identifier of a record (AD: objectGUID in its usual text form). */
export type ExternalId = Branded<string, 'ExternalId'>;
/** Key of an account in the mirror, unique over all sources. */
export type AccountKey = Branded<number, 'AccountKey'>;
/** Key of a group in the mirror, unique over all sources. */
export type GroupKey = Branded<number, 'GroupKey'>;
export type UserId = Branded<number, 'UserId'>;
export type TeamId = Branded<number, 'TeamId'>;
export type RunId = Branded<number, 'RunId'>;
export type ChangeId = Branded<number, 'ChangeId'>;
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = Branded<number, 'EpochMs'>;
/** Who owns a value, membership, grant or role: `local` or the name of a source. */
export type Owner = 'local' | SourceName;

export const asSourceName = (name: string): SourceName => name as SourceName;
export const asExternalId = (id: string): ExternalId => id as ExternalId;
export const asAccountKey = (key: number): AccountKey => key as AccountKey;
export const asGroupKey = (key: number): GroupKey => key as GroupKey;
export const asUserId = (id: number): UserId => id as UserId;
export const asTeamId = (id: number): TeamId => id as TeamId;
export const asRunId = (id: number): RunId => id as RunId;
export const asChangeId = (id: number): ChangeId => id as ChangeId;
export const asEpochMs = (ms: number): EpochMs => ms as EpochMs;

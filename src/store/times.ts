// Times are ISO 8601 text in the database and milliseconds in the model; both directions live here only.

import { asEpochMs, type EpochMs } from '../model/ids.ts';

export function toText(at: EpochMs): string {
  return new Date(at).toISOString();
}

export function toTextOrNull(at: EpochMs | undefined): string | null {
  return at === undefined ? null : toText(at);
}

export function toMs(text: string): EpochMs {
  return asEpochMs(Date.parse(text));
}

/** Nothing for null, so that `exactOptionalPropertyTypes` sees an absent property and not an undefined one. */
export function optional<K extends string, V>(name: K, value: V | null | undefined): { readonly [P in K]?: V } {
  return (value === null || value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}

export function optionalTime<K extends string>(name: K, text: string | null): { readonly [P in K]?: EpochMs } {
  return optional(name, text === null ? undefined : toMs(text));
}

// The lines between the demo directory's process and whoever started it: one JSON object each way per line.
import type { Attributes, AttributeValue, AttributeValues, DirectoryEntry, Modification } from './directory.ts';
import { valueList } from './directory.ts';
import type { Fault, LoggedSearch } from './ldap-faults.ts';

/** Octets travel as `{ base64 }`. */
export type WireValue = string | { readonly base64: string };
export type WireValues = WireValue | readonly WireValue[];
export type WireAttributes = Readonly<Record<string, WireValues>>;
export type WireModification = {
  readonly operation: Modification['operation'];
  readonly attribute: string;
  readonly values?: WireValues;
};
export type WireEntry = { readonly dn: string; readonly attributes: Readonly<Record<string, readonly WireValue[]>> };

/** First line, as soon as the server listens. */
export type DemoReady = {
  readonly url: string;
  readonly urls: { readonly ldap: string; readonly ldaps: string };
  readonly port: number;
  readonly tlsPort: number;
  readonly caFile: string;
  readonly hostName: string;
  readonly baseDn: string;
  readonly peopleDn: string;
  readonly groupsDn: string;
  readonly admin: { readonly user: string; readonly password: string };
  readonly reader: { readonly user: string; readonly password: string };
  readonly people: readonly {
    readonly dn: string;
    readonly login: string;
    readonly displayName: string;
    readonly mail: string;
  }[];
  readonly groups: Readonly<Record<string, string>>;
};

export type DemoCommand =
  | { readonly do: 'add'; readonly dn: string; readonly attributes: WireAttributes }
  | { readonly do: 'modify'; readonly dn: string; readonly changes: readonly WireModification[] }
  | { readonly do: 'rename'; readonly dn: string; readonly rdn: string }
  | { readonly do: 'move'; readonly dn: string; readonly parentDn: string }
  | { readonly do: 'delete' | 'enable' | 'disable' | 'read'; readonly dn: string }
  | { readonly do: 'setPassword'; readonly dn: string; readonly password: string }
  | { readonly do: 'expire'; readonly dn: string; readonly at: string }
  | { readonly do: 'addMembers' | 'removeMembers'; readonly dn: string; readonly members: readonly string[] }
  | { readonly do: 'addFault'; readonly fault: WireFault }
  | { readonly do: 'clearFaults' | 'switchDc' | 'dropConnections' | 'searches' | 'stop' };
/** Every fault, but for what cannot travel: functions and octets. */
type WithoutFunctions<Any> = Any extends Fault ? Omit<Any, 'where' | 'bytes'> : never;
export type WireFault = WithoutFunctions<Fault>;

export type DemoAnswer =
  | { readonly ok: true; readonly dn?: string; readonly entry?: WireEntry; readonly searches?: readonly LoggedSearch[] }
  | { readonly ok: false; readonly error: string };

const toWireValue = (value: AttributeValue): WireValue =>
  typeof value === 'string' ? value : { base64: value.toString('base64') };
const fromWireValue = (value: WireValue): AttributeValue =>
  typeof value === 'string' ? value : Buffer.from(value.base64, 'base64');
const wireList = (values: WireValues): readonly WireValue[] =>
  Array.isArray(values) ? (values as readonly WireValue[]) : [values as WireValue];

export const toWireValues = (values: AttributeValues): WireValues => valueList(values).map(toWireValue);
export const fromWireValues = (values: WireValues): AttributeValues => wireList(values).map(fromWireValue);

export function toWireAttributes(attributes: Attributes): WireAttributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, toWireValues(values)]));
}

export function fromWireAttributes(attributes: WireAttributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, values]) => [name, fromWireValues(values)]));
}

export function toWireEntry(entry: DirectoryEntry): WireEntry {
  return {
    dn: entry.dn,
    attributes: Object.fromEntries(
      Object.entries(entry.attributes).map(([name, values]) => [name, values.map(toWireValue)]),
    ),
  };
}

export function fromWireEntry(entry: WireEntry): DirectoryEntry {
  return {
    dn: entry.dn,
    attributes: Object.fromEntries(
      Object.entries(entry.attributes).map(([name, values]) => [name, values.map(fromWireValue)]),
    ),
  };
}

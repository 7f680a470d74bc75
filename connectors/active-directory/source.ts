// One configured source with what was learned about its directory: the facts that all phases share.

import { RosterdError } from '../../src/model/errors.ts';
import type { EpochMs } from '../../src/model/ids.ts';
import type { WantedAttributes } from '../connector-type.ts';
import type { LdapSession } from './client.ts';
import { EntryDecoder, type ValueKind } from './decode.ts';
import { any, type LdapFilter, present } from './filter.ts';
import { accountFilter, memberOfGroup, type PresetFacts, presetFacts } from './preset.ts';
import { noSchema, planAttributes, readSchema, type SchemaFacts } from './schema.ts';
import type { AdSettings } from './settings.ts';
import { domainRid, generalizedTimeMs, isUnder } from './values.ts';

export interface AdSource {
  readonly settings: AdSettings;
  readonly wanted: WantedAttributes;
  readonly facts: PresetFacts;
  /** The schema of the directory with this identity, kept because Active Directory's is large. */
  schema: { readonly identity: string; readonly facts: SchemaFacts } | undefined;
}

export const sourceOf = (settings: AdSettings, wanted: WantedAttributes): AdSource => ({
  settings,
  wanted,
  facts: presetFacts[settings.preset],
  schema: undefined,
});

/** Every attribute that the configuration names. */
export const askedFor = ({ settings, wanted }: AdSource): string[] => [
  ...wanted.account,
  ...settings.users.attributes,
  ...(wanted.group ?? []),
  ...(settings.groups?.attributes ?? []),
];

/** The directory behind a session. */
export interface Directory {
  /** The same for all servers of the domain. */
  readonly identity: string;
  /** The naming context that holds the users. */
  readonly context: string;
  readonly contexts: readonly string[];
  readonly hostName: string | undefined;
  /** By the server's clock, when it was asked; OpenLDAP does not tell. */
  readonly serverTime: EpochMs | undefined;
  readonly schema: SchemaFacts;
}

export type SmallEntry = Readonly<Record<string, readonly string[]>>;

const kindOf: Readonly<Record<string, ValueKind>> = { objectguid: 'guid', objectsid: 'sid' };

/** Reads one entry by its DN; undefined when there is none or it may not be seen. Throws RosterdError for all else. */
export async function readEntry(
  session: LdapSession,
  dn: string,
  attributes: readonly string[],
): Promise<SmallEntry | undefined> {
  const decoder = new EntryDecoder(
    attributes.map((name) => ({ request: name, name: name.toLowerCase(), kind: kindOf[name.toLowerCase()] ?? 'text' })),
  );
  const request = { base: dn, scope: 'base', filter: present('objectClass'), attributes } as const;
  const answer = await session.search(request, decoder);
  if (answer.result.code === 32) return undefined;
  if (answer.result.code !== 0) throw session.errorOf(answer, dn);
  const [entry] = answer.entries;
  if (entry === undefined) return undefined;
  return Object.fromEntries(decoder.wanted.map((attribute, index) => [attribute.name, entry.values[index] ?? []]));
}

/** What the server says of itself. Throws RosterdError. */
export async function readDirectory(session: LdapSession, source: AdSource): Promise<Directory> {
  const root = await readEntry(session, '', [
    'defaultNamingContext',
    'namingContexts',
    'subschemaSubentry',
    'dnsHostName',
    'currentTime',
  ]);
  if (root === undefined) {
    throw new RosterdError('source-protocol', `${session.server}: the server shows no root entry`, {
      subject: session.server,
    });
  }
  const contexts = root['namingcontexts'] ?? [];
  const holding = contexts.filter((context) => isUnder(source.settings.users.base, context));
  const context = holding.sort((left, right) => right.length - left.length)[0] ?? root['defaultnamingcontext']?.[0];
  if (context === undefined) {
    throw new RosterdError(
      'source-base-not-found',
      `${session.server}: no naming context holds ${source.settings.users.base}`,
      {
        subject: session.server,
      },
    );
  }
  const head = await readEntry(session, context, [source.facts.idAttribute]).catch(() => undefined);
  const identity = `${source.settings.preset}:${head?.[source.facts.idAttribute]?.[0] ?? context.toLowerCase()}`;
  const subschema = root['subschemasubentry']?.[0];
  return {
    identity,
    context,
    contexts,
    hostName: root['dnshostname']?.[0],
    serverTime: generalizedTimeMs(root['currenttime']?.[0] ?? ''),
    schema: await schemaOf(session, source, identity, subschema),
  };
}

async function schemaOf(
  session: LdapSession,
  source: AdSource,
  identity: string,
  subschema: string | undefined,
): Promise<SchemaFacts> {
  const known = source.schema;
  // A schema that lacks something is read again: it may have been extended meanwhile.
  if (known?.identity === identity && planAttributes(askedFor(source), [], known.facts).unknown.length === 0)
    return known.facts;
  const facts = subschema === undefined ? noSchema : await readSchema(session, subschema);
  source.schema = { identity, facts };
  return facts;
}

/** The bases must be there before anything is read: a base that is not is a mistake in the configuration, not an empty directory. */
export async function requireBases(session: LdapSession, source: AdSource): Promise<void> {
  const { users, groups } = source.settings;
  await requireEntry(session, 'users.base', users.base);
  if (groups !== undefined) await requireEntry(session, 'groups.base', groups.base);
}

async function requireEntry(session: LdapSession, setting: string, dn: string): Promise<SmallEntry> {
  const entry = await readEntry(session, dn, ['objectClass', 'objectSid']).catch((error: unknown) => {
    if (!(error instanceof RosterdError)) throw error;
    throw new RosterdError(error.code, `${setting}: ${error.message}`, { subject: dn, cause: error });
  });
  if (entry !== undefined) return entry;
  throw new RosterdError(
    'source-base-not-found',
    `${session.server}: ${setting} ${dn} does not exist, or may not be seen`,
    { subject: dn },
  );
}

/** The complete filter for accounts, with the groups of users.memberOf looked up: a DN without a group would match nobody. */
export async function resolveAccountFilter(session: LdapSession, source: AdSource): Promise<LdapFilter> {
  const groups: LdapFilter[] = [];
  for (const dn of source.settings.users.memberOf) {
    const group = await requireEntry(session, 'users.memberOf', dn);
    groups.push(memberOfGroup(dn, domainRid(group['objectsid']?.[0] ?? '')));
  }
  return accountFilter(source.settings, groups.length === 0 ? undefined : any(...groups));
}

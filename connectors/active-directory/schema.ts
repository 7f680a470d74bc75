// Which attributes the server knows, and which of them are binary (RFC 4512, 4.1.2 and 4.2).
// An attribute that the schema does not know is unread, never cleared: nobody said that it is empty.

import type { LdapSession } from './client.ts';
import { EntryDecoder, type ValueKind, type WantedAttribute } from './decode.ts';
import { present } from './filter.ts';

export interface SchemaFacts {
  /** False: the server does not show its schema, so every attribute is taken as known. */
  readonly isRead: boolean;
  /** Names in lower case -> syntax. */
  readonly syntaxOf: ReadonlyMap<string, string>;
}

export const noSchema: SchemaFacts = { isRead: false, syntaxOf: new Map() };

/** Octet string, binary, certificates, JPEG, and the security descriptor of Active Directory. */
const binarySyntaxes: ReadonlySet<string> = new Set([
  ...['5', '8', '9', '10', '28', '40', '4', '49'].map((last) => `1.3.6.1.4.1.1466.115.121.1.${last}`),
  '1.2.840.113556.1.4.907',
]);

/** Binary whatever the schema says, or when it is not shown. */
const knownBinary: ReadonlySet<string> = new Set([
  'thumbnailphoto',
  'thumbnaillogo',
  'jpegphoto',
  'usercertificate',
  'usersmimecertificate',
  'logonhours',
  'msexchmailboxguid',
  'ms-ds-consistencyguid',
  'ntsecuritydescriptor',
  'sidhistory',
  'userpassword',
]);

/** Answers noSchema where the server does not show one. Throws RosterdError only when the connection fails. */
export async function readSchema(session: LdapSession, subschemaDn: string): Promise<SchemaFacts> {
  const decoder = new EntryDecoder([{ request: 'attributeTypes', name: 'attributetypes', kind: 'text' }]);
  const request = {
    base: subschemaDn,
    scope: 'base',
    filter: present('objectClass'),
    attributes: ['attributeTypes'],
  } as const;
  const answer = await session.search(request, decoder);
  const definitions = answer.entries[0]?.values[0] ?? [];
  if (answer.result.code !== 0 || definitions.length === 0) return noSchema;
  return { isRead: true, syntaxOf: syntaxesOf(definitions) };
}

const definitionPattern = /^\(\s*(?<oid>[^\s]+)(?:\s+NAME\s+(?:'(?<name>[^']*)'|\(\s*(?<names>[^)]*)\)))?/u;

/** Names and OIDs of `attributeTypes` values with their syntax, inherited through SUP. */
export function syntaxesOf(definitions: readonly string[]): Map<string, string> {
  const syntaxOf = new Map<string, string>();
  const superiorOf = new Map<string, string>();
  for (const definition of definitions) {
    const head = definitionPattern.exec(definition)?.groups;
    if (head === undefined) continue;
    const names =
      head['name'] === undefined
        ? [...(head['names'] ?? '').matchAll(/'([^']*)'/gu)].map((match) => match[1] ?? '')
        : [head['name']];
    const syntax = /\sSYNTAX\s+'?(?<oid>[\d.]+)/u.exec(definition)?.groups?.['oid'] ?? '';
    const superior = /\sSUP\s+(?<name>[^\s)]+)/u.exec(definition)?.groups?.['name'];
    for (const name of [...names, head['oid'] ?? '']) {
      syntaxOf.set(name.toLowerCase(), syntax);
      if (syntax === '' && superior !== undefined) superiorOf.set(name.toLowerCase(), superior.toLowerCase());
    }
  }
  for (const [name, first] of superiorOf) {
    let superior: string | undefined = first;
    // A schema is a tree; the bound is for one that is not.
    for (let depth = 0; superior !== undefined && depth < 20 && syntaxOf.get(name) === ''; depth += 1) {
      syntaxOf.set(name, syntaxOf.get(superior) ?? '');
      superior = superiorOf.get(superior);
    }
  }
  return syntaxOf;
}

export interface AttributePlan {
  readonly attributes: readonly WantedAttribute[];
  /** Asked for, but unknown to the server. */
  readonly unknown: readonly string[];
}

/** What to ask for: names in lower case without repetition, unknown ones apart. */
export function planAttributes(
  names: readonly string[],
  binary: readonly string[],
  schema: SchemaFacts,
): AttributePlan {
  const configured = new Set(binary.map((name) => name.toLowerCase()));
  const unknown: string[] = [];
  const attributes: WantedAttribute[] = [];
  for (const name of new Set(names.map((given) => given.toLowerCase()))) {
    const syntax = schema.syntaxOf.get(name);
    if (schema.isRead && syntax === undefined) unknown.push(name);
    else attributes.push({ request: name, name, kind: valueKind(name, syntax, configured) });
  }
  return { attributes, unknown };
}

function valueKind(name: string, syntax: string | undefined, configured: ReadonlySet<string>): ValueKind {
  if (name === 'objectguid') return 'guid';
  if (name === 'objectsid') return 'sid';
  const isBinary =
    configured.has(name) || knownBinary.has(name) || (syntax !== undefined && binarySyntaxes.has(syntax));
  return isBinary ? 'base64' : 'text';
}

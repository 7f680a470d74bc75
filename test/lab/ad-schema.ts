// The part of Active Directory's schema that the scripted server knows: names, OIDs, syntaxes.
// The syntax decides how a filter compares values and what the subschema entry says.

export type Syntax = 'text' | 'dn' | 'binary' | 'integer' | 'time' | 'boolean' | 'oid';
export type AttributeType = {
  readonly name: string;
  readonly oid: string;
  readonly syntax: Syntax;
  readonly isSingle: boolean;
  /** Answered only when asked for by name. */
  readonly isConstructed: boolean;
};

const ms = '1.2.840.113556.1';
const cosine = '0.9.2342.19200300.100.1';
const rows: readonly (readonly [names: string, syntax: Syntax, cardinality: 'single' | 'multi' | 'constructed'])[] = [
  [
    `cn=2.5.4.3 sn=2.5.4.4 givenName=2.5.4.42 initials=2.5.4.43 ou=2.5.4.11 dc=${cosine}.25 mail=${cosine}.3 telephoneNumber=2.5.4.20
     title=2.5.4.12 department=${ms}.2.141 company=${ms}.2.146 division=${ms}.4.261 displayName=${ms}.2.13 name=${ms}.4.1
     sAMAccountName=${ms}.4.221 userPrincipalName=${ms}.4.656 employeeID=${ms}.4.35 employeeNumber=${ms}.2.610 employeeType=${ms}.2.613
     physicalDeliveryOfficeName=2.5.4.19 streetAddress=${ms}.2.256 postalCode=2.5.4.17 l=2.5.4.7 st=2.5.4.8 c=2.5.4.6 co=${ms}.2.131
     mobile=${cosine}.41 homePhone=${cosine}.20 ipPhone=${ms}.4.721 facsimileTelephoneNumber=2.5.4.23 info=${ms}.2.81
     wWWHomePage=${ms}.2.464 extensionAttribute1=${ms}.2.423 extensionAttribute2=${ms}.2.424 extensionAttribute3=${ms}.2.425
     lDAPDisplayName=${ms}.2.460 dNSHostName=${ms}.4.619 preferredLanguage=2.16.840.1.113730.3.1.39`,
    'text',
    'single',
  ],
  [
    `description=2.5.4.13 proxyAddresses=${ms}.2.210 otherTelephone=${ms}.2.18 lDAPAdminLimits=${ms}.4.843 attributeTypes=2.5.21.5 objectClasses=2.5.21.6`,
    'text',
    'multi',
  ],
  [`objectClass=2.5.4.0 attributeSyntax=${ms}.2.32`, 'oid', 'multi'],
  [
    `distinguishedName=2.5.4.49 objectCategory=${ms}.4.782 manager=${cosine}.10 managedBy=${ms}.4.653 lastKnownParent=${ms}.4.781`,
    'dn',
    'single',
  ],
  [`member=2.5.4.31 memberOf=${ms}.2.102 directReports=${ms}.2.436 managedObjects=${ms}.4.654`, 'dn', 'multi'],
  [
    `objectGUID=${ms}.4.2 objectSid=${ms}.4.146 invocationId=${ms}.2.115 nTSecurityDescriptor=${ms}.2.281 thumbnailPhoto=2.16.840.1.113730.3.1.35`,
    'binary',
    'single',
  ],
  [
    `userAccountControl=${ms}.4.8 accountExpires=${ms}.4.159 primaryGroupID=${ms}.4.98 groupType=${ms}.4.750 sAMAccountType=${ms}.4.302
     uSNCreated=${ms}.2.19 uSNChanged=${ms}.2.120 instanceType=${ms}.2.1 pwdLastSet=${ms}.4.96 lockoutTime=${ms}.4.662 badPwdCount=${ms}.4.12
     lastLogonTimestamp=${ms}.4.1696 countryCode=${ms}.4.25 systemFlags=${ms}.4.375`,
    'integer',
    'single',
  ],
  [`whenCreated=${ms}.2.2 whenChanged=${ms}.2.3`, 'time', 'single'],
  [
    `isDeleted=${ms}.2.48 isRecycled=${ms}.4.2058 isCriticalSystemObject=${ms}.4.868 isSingleValued=${ms}.2.33`,
    'boolean',
    'single',
  ],
  [`createTimeStamp=2.5.18.1 modifyTimeStamp=2.5.18.2`, 'time', 'constructed'],
  [`canonicalName=${ms}.4.916`, 'text', 'constructed'],
  [`subSchemaSubEntry=2.5.18.10`, 'dn', 'constructed'],
  [`parentGUID=${ms}.4.1224 tokenGroups=${ms}.4.1301`, 'binary', 'constructed'],
];

export const attributeTypes: ReadonlyMap<string, AttributeType> = new Map(
  rows.flatMap(([names, syntax, cardinality]) =>
    names.split(/\s+/).map((pair): [string, AttributeType] => {
      const [name = '', oid = ''] = pair.split('=');
      const isConstructed = cardinality === 'constructed';
      return [name.toLowerCase(), { name, oid, syntax, isSingle: cardinality === 'single', isConstructed }];
    }),
  ),
);

export const syntaxOf = (attribute: string): Syntax => attributeTypes.get(attribute)?.syntax ?? 'text';

/** Forward links and the back link that the server computes from each. */
export const links: ReadonlyMap<string, string> = new Map([
  ['member', 'memberof'],
  ['manager', 'directreports'],
  ['managedby', 'managedobjects'],
]);
export const backLinks: ReadonlyMap<string, string> = new Map([...links].map(([forward, back]) => [back, forward]));

const syntaxOids: Readonly<Record<Syntax, string>> = {
  text: '1.3.6.1.4.1.1466.115.121.1.15',
  dn: '1.3.6.1.4.1.1466.115.121.1.12',
  binary: '1.3.6.1.4.1.1466.115.121.1.40',
  integer: '1.2.840.113556.1.4.906',
  time: '1.3.6.1.4.1.1466.115.121.1.24',
  boolean: '1.3.6.1.4.1.1466.115.121.1.7',
  oid: '1.3.6.1.4.1.1466.115.121.1.38',
};

/** The values of attributeTypes in the subschema entry, written as Active Directory writes them. */
export function describeAttributeTypes(): string[] {
  return [...attributeTypes.values()].map(
    (type) =>
      `( ${type.oid} NAME '${type.name}' SYNTAX '${syntaxOids[type.syntax]}' ${type.isSingle ? 'SINGLE-VALUE ' : ''})`,
  );
}

export type ObjectClass = { readonly chain: readonly string[]; readonly category: string };
const chains: Readonly<Record<string, readonly [chain: string, category: string]>> = {
  user: ['top person organizationalPerson user', 'Person'],
  contact: ['top person organizationalPerson contact', 'Person'],
  computer: ['top person organizationalPerson user computer', 'Computer'],
  group: ['top group', 'Group'],
  organizationalunit: ['top organizationalUnit', 'Organizational-Unit'],
  container: ['top container', 'Container'],
  domaindns: ['top domain domainDNS', 'Domain-DNS'],
  configuration: ['top configuration', 'Configuration'],
  dmd: ['top dMD', 'DMD'],
  subschema: ['top subSchema', 'SubSchema'],
  attributeschema: ['top attributeSchema', 'Attribute-Schema'],
  querypolicy: ['top queryPolicy', 'Query-Policy'],
  server: ['top server', 'Server'],
  ntdsdsa: ['top applicationSettings nTDSDSA', 'NTDS-DSA'],
};

/** The full class chain for the most special class named; an unknown one stands alone under top. */
export function objectClassOf(names: readonly string[]): ObjectClass {
  const folded = names.map((name) => name.toLowerCase());
  const known = Object.keys(chains).findLast(
    (name) => folded.includes(name) && (name !== 'user' || !folded.includes('computer')),
  );
  const [chain, category] = (known === undefined ? undefined : chains[known]) ?? [
    ['top', ...names].join(' '),
    'Container',
  ];
  return { chain: chain.split(' '), category };
}

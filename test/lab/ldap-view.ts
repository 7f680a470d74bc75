// What one connection sees of the directory: the domain controller it talks to (whose update sequence numbers are
// its own), the rights of its account, and the attributes that a fault keeps back.
import { backLinks } from './ad-schema.ts';
import { generalizedTime, guidToBytes } from './ad-values.ts';
import type { AttributeValue } from './directory.ts';
import { type Entry, seededGuid } from './directory-entry.ts';
import { splitDn, splitRdn } from './dn.ts';
import type { Faults } from './ldap-faults.ts';
import { closure } from './ldap-filter.ts';
import type { MemoryDirectory } from './memory-directory.ts';

export type DomainController = {
  readonly name: string;
  readonly hostName: string;
  readonly serviceDn: string;
  readonly invocationId: Buffer;
  /** Added to every update sequence number: no two controllers count alike. */
  readonly usnOffset: number;
};

export function domainController(directory: MemoryDirectory, number: number): DomainController {
  const name = `DC${number}`;
  return {
    name,
    hostName: `${name.toLowerCase()}.${directory.domain}`,
    serviceDn: `CN=NTDS Settings,CN=${name},CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,${directory.baseDn}`,
    invocationId: seededGuid(`${directory.domain}/${name}/invocation`),
    usnOffset: (number - 1) * 40_000,
  };
}

export type Rights = { readonly deletedObjects: 'visible' | 'hidden'; readonly replication: 'granted' | 'denied' };

export class View {
  readonly directory: MemoryDirectory;
  readonly dc: DomainController;
  readonly rights: Rights;
  readonly #faults: Faults;

  constructor(directory: MemoryDirectory, dc: DomainController, rights: Rights, faults: Faults) {
    this.directory = directory;
    this.dc = dc;
    this.rights = rights;
    this.#faults = faults;
  }

  has(entry: Entry, key: string): boolean {
    if (this.#faults.isHiding && this.#faults.hides(entry.dn, key)) return false;
    if (backLinks.has(key)) return entry.backLinked(key).size > 0;
    return entry.hasLinks(key) || this.values(entry, key).length > 0;
  }

  values(entry: Entry, key: string): readonly AttributeValue[] {
    if (this.#faults.isHiding && this.#faults.hides(entry.dn, key)) return [];
    if ((key === 'usnchanged' || key === 'usncreated') && this.dc.usnOffset > 0) {
      return entry.values(key).map((value) => String(Number(value.toString()) + this.dc.usnOffset));
    }
    const held = entry.values(key);
    return held.length > 0 ? held : this.#constructed(entry, key);
  }

  isVisible(entry: Entry, deleted: 'shown' | 'hidden'): boolean {
    if (entry.isDeleted && (deleted === 'hidden' || this.rights.deletedObjects === 'hidden')) return false;
    return !this.#faults.isHiding || !this.#faults.hidesEntry(entry.dn);
  }

  #constructed(entry: Entry, key: string): readonly AttributeValue[] {
    switch (key) {
      case 'createtimestamp':
        return entry.values('whencreated');
      case 'modifytimestamp':
        return entry.values('whenchanged');
      case 'subschemasubentry':
        return [`CN=Aggregate,${this.directory.schema.dn}`];
      case 'parentguid':
        return entry.parent ? [entry.parent.guid] : [];
      case 'canonicalname': {
        const names = splitDn(entry.dn)
          .map(splitRdn)
          .filter(([type]) => type.toLowerCase() !== 'dc');
        return [
          `${this.directory.domain}/${names
            .map(([, value]) => value)
            .reverse()
            .join('/')}`,
        ];
      }
      case 'tokengroups': {
        const primary = entry.text('primaryGroupID');
        const groups = closure('member', entry);
        const own = primary === '' ? undefined : this.directory.findByRid(Number(primary));
        if (own) for (const group of [own, ...closure('member', own)]) groups.add(group);
        return [...groups].flatMap((group) => group.values('objectsid'));
      }
      default:
        return [];
    }
  }

  rootDse(): Readonly<Record<string, readonly AttributeValue[]>> {
    const { directory, dc } = this;
    const configuration = directory.configuration.dn;
    return {
      currentTime: [generalizedTime(directory.now())],
      subschemaSubentry: [`CN=Aggregate,${directory.schema.dn}`],
      dsServiceName: [dc.serviceDn],
      serverName: [dc.serviceDn.slice('CN=NTDS Settings,'.length)],
      dnsHostName: [dc.hostName],
      ldapServiceName: [`${directory.domain}:${dc.name.toLowerCase()}$@${directory.domain.toUpperCase()}`],
      defaultNamingContext: [directory.baseDn],
      rootDomainNamingContext: [directory.baseDn],
      configurationNamingContext: [configuration],
      schemaNamingContext: [directory.schema.dn],
      namingContexts: [directory.baseDn, configuration, directory.schema.dn],
      highestCommittedUSN: [String(directory.highestUsn + dc.usnOffset)],
      supportedControl: supportedControls,
      supportedExtension: ['1.3.6.1.4.1.1466.20037', '1.3.6.1.4.1.4203.1.11.3'],
      supportedCapabilities: [
        '1.2.840.113556.1.4.800',
        '1.2.840.113556.1.4.1670',
        '1.2.840.113556.1.4.1791',
        '1.2.840.113556.1.4.1935',
        '1.2.840.113556.1.4.2080',
      ],
      supportedLDAPVersion: ['3', '2'],
      supportedLDAPPolicies: [
        'MaxPageSize',
        'MaxValRange',
        'MaxQueryDuration',
        'MaxConnIdleTime',
        'MaxResultSetsPerConn',
      ],
      supportedSASLMechanisms: ['GSSAPI', 'GSS-SPNEGO', 'EXTERNAL', 'DIGEST-MD5'],
      isSynchronized: ['TRUE'],
      isGlobalCatalogReady: ['TRUE'],
      domainFunctionality: ['7'],
      forestFunctionality: ['7'],
      domainControllerFunctionality: ['7'],
    };
  }
}

const supportedControls = [319, 417, 1339, 841, 529, 528].map((last) => `1.2.840.113556.1.4.${last}`);

/** Plants the objects in the configuration that describe a controller and its limits. */
export async function describeController(
  directory: MemoryDirectory,
  dc: DomainController,
  limits: { pageSize: number; valueRange: number },
): Promise<void> {
  const container = async (dn: string, objectClass = 'container'): Promise<void> => {
    if (!directory.find(dn)) await directory.add(dn, { objectClass });
  };
  const root = directory.configuration.dn;
  for (const path of [
    'CN=Sites',
    'CN=Default-First-Site-Name,CN=Sites',
    'CN=Servers,CN=Default-First-Site-Name,CN=Sites',
  ])
    await container(`${path},${root}`);
  const server = dc.serviceDn.slice('CN=NTDS Settings,'.length);
  await container(server, 'server');
  await directory.modify(server, [{ operation: 'replace', attribute: 'dNSHostName', values: dc.hostName }]);
  if (!directory.find(dc.serviceDn))
    await directory.add(dc.serviceDn, { objectClass: 'nTDSDSA', invocationId: dc.invocationId });
  let path = root;
  for (const name of ['Services', 'Windows NT', 'Directory Service', 'Query-Policies']) {
    path = `CN=${name},${path}`;
    await container(path);
  }
  const policy = `CN=Default Query Policy,${path}`;
  await container(policy, 'queryPolicy');
  const values = [
    `MaxPageSize=${limits.pageSize}`,
    `MaxValRange=${limits.valueRange}`,
    'MaxQueryDuration=120',
    'MaxConnIdleTime=900',
    'MaxResultSetsPerConn=10',
  ];
  await directory.modify(policy, [{ operation: 'replace', attribute: 'lDAPAdminLimits', values }]);
}

/** `<GUID=...>` as a search base. */
export function guidOfBase(base: string): Buffer | undefined {
  const text = /^<GUID=([^>]+)>/i.exec(base)?.[1];
  if (text === undefined) return undefined;
  return text.includes('-') ? guidToBytes(text) : Buffer.from(text, 'hex');
}

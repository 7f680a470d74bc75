// A scripted LDAP server that behaves like an Active Directory domain controller, and misbehaves on demand.
// For what a real server cannot be made to do; semantics are otherwise checked against Samba.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { attributeTypes, describeAttributeTypes } from './ad-schema.ts';
import { type Certificate, createAuthority } from './certificates.ts';
import { addUser } from './directory.ts';
import { LdapConnection } from './ldap-connection.ts';
import { Faults, type LoggedSearch } from './ldap-faults.ts';
import { activeDirectoryLimits, type Limits, SearchService } from './ldap-search.ts';
import { type DomainController, describeController, domainController, type Rights } from './ldap-view.ts';
import { MemoryDirectory } from './memory-directory.ts';

export type ServerAccount = {
  readonly login: string;
  readonly password: string;
  readonly rights?: Partial<Rights>;
};
export type LdapServerOptions = {
  /** A loopback address; 127.0.0.1 unless given. */
  readonly address?: string;
  /** Port of plain LDAP and StartTLS; a free one unless given. */
  readonly port?: number;
  readonly tlsPort?: number;
  readonly directory?: MemoryDirectory;
  /** Created in CN=Users if they do not exist. */
  readonly accounts?: readonly ServerAccount[];
  /** Whether a simple bind is taken on a connection without TLS; refused with code 8 unless said. */
  readonly plainBind?: 'allow' | 'refuse';
  readonly limits?: Partial<Limits>;
  readonly lockoutThreshold?: number;
  /** What the server shows instead of its own good certificate. */
  readonly certificate?: Certificate;
};
export type LoggedBind = {
  readonly connection: number;
  readonly name: string;
  readonly code: number;
  readonly transport: 'tls' | 'plain';
};
export type LoggedWrite = { readonly connection: number; readonly name: string };

export type ServerState = {
  readonly directory: MemoryDirectory;
  readonly faults: Faults;
  readonly service: SearchService;
  readonly limits: Limits;
  readonly plainBind: 'allow' | 'refuse';
  readonly lockoutThreshold: number;
  readonly rights: Map<string, Rights>;
  readonly searches: LoggedSearch[];
  readonly binds: LoggedBind[];
  readonly writes: LoggedWrite[];
  dc: DomainController;
  readonly switchDc: () => void;
};

export type LdapServer = {
  /** The LDAPS address, as a configuration would name it. */
  readonly url: string;
  readonly urls: { readonly ldaps: string; readonly ldap: string };
  readonly port: number;
  readonly tlsPort: number;
  readonly caFile: string;
  readonly directory: MemoryDirectory;
  /** Sees deleted objects and may use DirSync without restriction. */
  readonly admin: { readonly user: string; readonly password: string };
  /** An ordinary account. */
  readonly reader: { readonly user: string; readonly password: string };
  readonly faults: Faults;
  /** Requests so far, the oldest first. */
  readonly searches: readonly LoggedSearch[];
  readonly binds: readonly LoggedBind[];
  /** Attempts to change the directory over LDAP; all were refused. */
  readonly writes: readonly LoggedWrite[];
  readonly connectionCount: () => number;
  readonly controller: () => DomainController;
  /** From the next connection on, another domain controller of the same domain answers. */
  readonly switchDc: () => void;
  readonly dropConnections: () => void;
  readonly stop: () => Promise<void>;
};

const everyRight: Rights = { deletedObjects: 'visible', replication: 'granted' };
const noRights: Rights = { deletedObjects: 'hidden', replication: 'denied' };
const defaultAccounts: readonly ServerAccount[] = [
  { login: 'Administrator', password: 'Adm1n.Passw0rd!', rights: everyRight },
  { login: 'svc-reader', password: 'User.Passw0rd.1!' },
];

export async function startLdapServer(options: LdapServerOptions = {}): Promise<LdapServer> {
  const directory = options.directory ?? new MemoryDirectory();
  const address = options.address ?? '127.0.0.1';
  const faults = new Faults();
  const limits = { ...activeDirectoryLimits, ...options.limits };
  const rights = new Map<string, Rights>();
  for (const account of [...defaultAccounts, ...(options.accounts ?? [])]) {
    rights.set(account.login.toLowerCase(), { ...noRights, ...account.rights });
    if (directory.findByLogin(account.login)) continue;
    await addUser(directory, {
      parentDn: `CN=Users,${directory.baseDn}`,
      cn: account.login,
      login: account.login,
      upnSuffix: directory.domain,
      password: account.password,
    });
  }
  await plantSchema(directory);
  let dcNumber = 1;
  const state: ServerState = {
    directory,
    faults,
    service: new SearchService(limits, faults),
    limits,
    plainBind: options.plainBind ?? 'refuse',
    lockoutThreshold: options.lockoutThreshold ?? 0,
    rights,
    searches: [],
    binds: [],
    writes: [],
    dc: domainController(directory, dcNumber),
    switchDc: () => {
      dcNumber++;
      state.dc = domainController(directory, dcNumber);
      void describeController(directory, state.dc, limits);
    },
  };
  await describeController(directory, state.dc, limits);

  const folder = mkdtempSync(join(tmpdir(), 'lab-ldap-'));
  mkdirSync(folder, { recursive: true });
  const authority = createAuthority();
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, authority.cert);
  // OpenLDAP's tools look for the name of the machine when they are told localhost.
  const names = ['localhost', hostname(), '127.0.0.1', '::1', address, state.dc.hostName, directory.domain];
  const certificate = options.certificate ?? authority.issue({ names: [...new Set(names)] });
  const secureContext = createSecureContext({ key: certificate.key, cert: certificate.cert });

  const open = new Set<LdapConnection>();
  let count = 0;
  const listen = async (kind: 'ldap' | 'ldaps', port: number): Promise<Server> => {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      const connection = new LdapConnection(state, socket, ++count, secureContext);
      open.add(connection);
      socket.once('close', () => open.delete(connection));
      void connection.open(kind);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, () => resolve());
    });
    return server;
  };
  const plain = await listen('ldap', options.port ?? 0);
  const secure = await listen('ldaps', options.tlsPort ?? 0);
  const portOf = (server: Server): number => (server.address() as AddressInfo).port;
  const urls = { ldap: `ldap://${address}:${portOf(plain)}`, ldaps: `ldaps://${address}:${portOf(secure)}` };
  const dropConnections = (): void => {
    for (const connection of open) connection.destroy();
  };
  const [admin, reader] = defaultAccounts.map(({ login, password }) => ({
    user: `${login}@${directory.domain}`,
    password,
  }));
  return {
    url: urls.ldaps,
    urls,
    port: portOf(plain),
    tlsPort: portOf(secure),
    caFile,
    directory,
    admin: admin as LdapServer['admin'],
    reader: reader as LdapServer['reader'],
    faults,
    searches: state.searches,
    binds: state.binds,
    writes: state.writes,
    connectionCount: () => open.size,
    controller: () => state.dc,
    switchDc: state.switchDc,
    dropConnections,
    stop: async () => {
      const closed = [plain, secure].map(
        (server) => new Promise<void>((resolve) => void server.close(() => resolve())),
      );
      dropConnections();
      await Promise.all(closed);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The subschema entry and one object per attribute, which is where a client looks a name up. */
async function plantSchema(directory: MemoryDirectory): Promise<void> {
  const root = directory.schema.dn;
  if (directory.find(`CN=Aggregate,${root}`)) return;
  await directory.add(`CN=Aggregate,${root}`, { objectClass: 'subSchema', attributeTypes: describeAttributeTypes() });
  for (const type of attributeTypes.values()) {
    const isSingleValued = type.isSingle ? 'TRUE' : 'FALSE';
    await directory.add(`CN=${type.name},${root}`, {
      objectClass: 'attributeSchema',
      lDAPDisplayName: type.name,
      isSingleValued,
    });
  }
}

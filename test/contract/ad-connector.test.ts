// The Active Directory connector keeps the contract, over the scripted server, a real Active Directory and a plain OpenLDAP.
import { describe } from 'vitest';
import { activeDirectory } from '../../connectors/active-directory/index.ts';
import type { Connector } from '../../src/connector.ts';
import { asExternalId, type ExternalId } from '../../src/model/ids.ts';
import { describeWith } from '../describe-with.ts';
import { addGroup, addUnit, addUser, type Directory } from '../lab/directory.ts';
import { startLdapServer } from '../lab/ldap-server.ts';
import { startSamba } from '../lab/samba.ts';
import { startSlapd } from '../lab/slapd.ts';
import { accountsOf, collect, connectorContract, disturbedConnectorContract } from './connector-contract.ts';

const people = 35;
const pageSize = 10;
const strangerId = asExternalId('01234567-89ab-cdef-0123-456789abcdef');
const wanted = { account: ['mail', 'sn', 'givenName', 'description'], group: ['description'] };

interface Server {
  readonly url: string;
  readonly caFile: string;
  readonly reader: { readonly user: string; readonly password: string };
}

function make(server: Server, base: string, more: object = {}): Connector {
  const settings = activeDirectory.settingsSchema.parse({
    connection: {
      servers: [server.url],
      tls: { caFile: server.caFile },
      bind: server.reader,
      timeouts: { connectMs: 1_000, requestMs: 1_000, idleMs: 1_000 },
      pageSize,
    },
    users: { base },
    groups: { base },
    ...more,
  });
  return activeDirectory.create(settings, wanted);
}

/** 35 people and two groups, one of which is in the other and the other way round. */
async function plantActiveDirectory(directory: Directory): Promise<string> {
  const unit = await addUnit(directory, directory.baseDn, 'Contract');
  const users: string[] = [];
  for (let index = 0; index < people; index += 1) {
    const attributes = { sn: 'Mu\u0308ller', mail: `p${index}@example.test` };
    users.push(
      await addUser(directory, {
        parentDn: unit,
        cn: `Person ${index} \u00e9`,
        login: `p${index}`,
        upnSuffix: 'corp.example.test',
        attributes,
      }),
    );
  }
  const inner = await addGroup(directory, { parentDn: unit, name: 'Inner', members: users.slice(0, 20) });
  const outer = await addGroup(directory, { parentDn: unit, name: 'Outer', members: [inner, ...users.slice(20)] });
  await directory.addMembers(inner, [outer]);
  return unit;
}

/** Deletes `Person N`, and answers the id under which the connector knew it. */
async function deletePerson(connector: Connector, directory: Directory): Promise<ExternalId> {
  const victim = accountsOf(await collect(connector)).at(-1);
  if (victim?.dn === undefined) throw new Error('there is nobody to delete');
  await directory.delete(victim.dn);
  return victim.id;
}

describe('active-directory connector on the scripted server', () => {
  disturbedConnectorContract(async () => {
    const server = await startLdapServer();
    const unit = await plantActiveDirectory(server.directory);
    return {
      make: () => make(server, unit),
      accounts: people,
      groups: 2,
      tellsTime: true,
      deleteAccount: () => deletePerson(make(server, unit), server.directory),
      strangerId,
      connections: server.connectionCount,
      cut: () => server.faults.add({ kind: 'close', cut: 'mid-message', afterEntries: 5, page: 2 }),
      hang: () => server.faults.add({ kind: 'hang', afterEntries: 5, page: 2 }),
      slow: () => server.faults.add({ kind: 'slow', entryMs: 20 }),
      stop: server.stop,
    };
  });
});

describeWith('samba', 'active-directory connector on Samba AD', () => {
  connectorContract(async () => {
    const samba = await startSamba();
    const unit = await plantActiveDirectory(samba);
    return {
      make: () => make(samba, unit),
      accounts: people,
      groups: 2,
      tellsTime: true,
      deleteAccount: () => deletePerson(make(samba, unit), samba),
      strangerId,
      stop: samba.stop,
    };
  });
});

describeWith('slapd', 'active-directory connector with preset openldap on slapd', () => {
  connectorContract(async () => {
    const slapd = await startSlapd({ schema: 'inetorgperson' });
    const unit = await plantOpenLdap(slapd, slapd.reader);
    const connector = () => make(slapd, unit, { preset: 'openldap' });
    return {
      make: connector,
      accounts: people,
      groups: 3,
      tellsTime: false,
      deleteAccount: () => deletePerson(connector(), slapd),
      strangerId,
      stop: slapd.stop,
    };
  });
});

/** People and one group of each of the three kinds. */
async function plantOpenLdap(directory: Directory, reader: Server['reader']): Promise<string> {
  if ((await directory.read(directory.baseDn)) === undefined) {
    await directory.add(directory.baseDn, { objectClass: ['dcObject', 'organization'], dc: 'corp', o: 'Corp' });
  }
  await directory.add(reader.user, {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    userPassword: reader.password,
  });
  const root = `ou=contract,${directory.baseDn}`;
  await directory.add(root, { objectClass: 'organizationalUnit' });
  const users: string[] = [];
  for (let index = 0; index < people; index += 1) {
    const dn = `uid=p${index},${root}`;
    await directory.add(dn, {
      objectClass: 'inetOrgPerson',
      cn: `Person ${index}`,
      sn: 'Mu\u0308ller',
      mail: `p${index}@example.test`,
    });
    users.push(dn);
  }
  await directory.add(`cn=names,${root}`, { objectClass: 'groupOfNames', member: users.slice(0, 20) });
  await directory.add(`cn=unique,${root}`, {
    objectClass: 'groupOfUniqueNames',
    uniqueMember: [`${users[0]}#'0101'B`, users[1] ?? ''],
  });
  await directory.add(`cn=posix,${root}`, { objectClass: 'posixGroup', gidNumber: '5000', memberUid: ['p3', 'p4'] });
  return root;
}

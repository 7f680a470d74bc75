// What every directory of the lab can do, be it the scripted server or a real Samba domain:
// a test written against this interface runs on both.
import { unicodePassword } from './ad-values.ts';
import { escapeRdnValue } from './dn.ts';

export type AttributeValue = string | Buffer;
export type AttributeValues = AttributeValue | readonly AttributeValue[];
export type Attributes = Readonly<Record<string, AttributeValues>>;

export type Modification = {
  readonly operation: 'add' | 'delete' | 'replace';
  readonly attribute: string;
  readonly values?: AttributeValues;
};

export type DirectoryEntry = {
  readonly dn: string;
  readonly attributes: Readonly<Record<string, readonly AttributeValue[]>>;
};

export interface Directory {
  readonly baseDn: string;
  add(dn: string, attributes: Attributes): Promise<void>;
  modify(dn: string, changes: readonly Modification[]): Promise<void>;
  /** Answers the new DN. */
  rename(dn: string, rdn: string): Promise<string>;
  /** Answers the new DN. */
  move(dn: string, parentDn: string): Promise<string>;
  delete(dn: string): Promise<void>;
  setPassword(dn: string, password: string): Promise<void>;
  enable(dn: string): Promise<void>;
  disable(dn: string): Promise<void>;
  expire(dn: string, at: Date | 'never'): Promise<void>;
  addMembers(groupDn: string, memberDns: readonly string[]): Promise<void>;
  removeMembers(groupDn: string, memberDns: readonly string[]): Promise<void>;
  read(dn: string): Promise<DirectoryEntry | undefined>;
}

export function valueList(values: AttributeValues | undefined): readonly AttributeValue[] {
  if (values === undefined) return [];
  return typeof values === 'string' || Buffer.isBuffer(values) ? [values] : (values as readonly AttributeValue[]);
}

export type NewUser = {
  readonly parentDn: string;
  readonly cn: string;
  readonly login: string;
  readonly upnSuffix: string;
  readonly password?: string;
  readonly attributes?: Attributes;
};

/** Adds an ordinary user and answers its DN. Without a password it gets PASSWD_NOTREQD, as an import would. */
export async function addUser(directory: Directory, user: NewUser): Promise<string> {
  const dn = `CN=${escapeRdnValue(user.cn)},${user.parentDn}`;
  await directory.add(dn, {
    objectClass: 'user',
    sAMAccountName: user.login,
    userPrincipalName: `${user.login}@${user.upnSuffix}`,
    userAccountControl: user.password === undefined ? '544' : '512',
    ...(user.password === undefined ? {} : { unicodePwd: unicodePassword(user.password) }),
    ...user.attributes,
  });
  return dn;
}

export type NewGroup = {
  readonly parentDn: string;
  readonly name: string;
  readonly members?: readonly string[];
  readonly attributes?: Attributes;
};

/** Adds a global security group and answers its DN. */
export async function addGroup(directory: Directory, group: NewGroup): Promise<string> {
  const dn = `CN=${escapeRdnValue(group.name)},${group.parentDn}`;
  await directory.add(dn, {
    objectClass: 'group',
    sAMAccountName: group.name.replace(/["/\\[\]:;|=,+*?<>@]/g, '-'),
    groupType: '-2147483646',
    ...(group.members && group.members.length > 0 ? { member: group.members } : {}),
    ...group.attributes,
  });
  return dn;
}

export async function addUnit(directory: Directory, parentDn: string, name: string): Promise<string> {
  const dn = `OU=${escapeRdnValue(name)},${parentDn}`;
  await directory.add(dn, { objectClass: 'organizationalUnit' });
  return dn;
}

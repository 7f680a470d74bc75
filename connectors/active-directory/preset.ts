// What differs between Active Directory and a plain OpenLDAP: names of attributes, default filters, default mapping.

import type { MappingRule } from '../../src/model/policy.ts';
import type { SourceDefaults } from '../connector-type.ts';
import { all, any, equal, type LdapFilter, matching, not, parseFilter } from './filter.ts';
import type { AdSettings, Preset } from './settings.ts';

/** LDAP_MATCHING_RULE_BIT_AND and LDAP_MATCHING_RULE_TRANSITIVE_EVAL (MS-ADTS 3.1.1.3.4.4). */
const inChainRule = '1.2.840.113556.1.4.1941';

export interface PresetFacts {
  readonly idAttribute: string;
  readonly idFormat: 'guid' | 'uuid';
  /** The first that is present names the account. */
  readonly accountName: readonly string[];
  readonly groupName: readonly string[];
  /** How each attribute of members names them. */
  readonly members: readonly { readonly attribute: string; readonly by: 'dn' | 'name' }[];
  readonly accounts: LdapFilter;
  readonly groups: LdapFilter;
}

export const presetFacts: Readonly<Record<Preset, PresetFacts>> = {
  'active-directory': {
    idAttribute: 'objectguid',
    idFormat: 'guid',
    accountName: ['samaccountname'],
    groupName: ['cn', 'samaccountname'],
    members: [{ attribute: 'member', by: 'dn' }],
    // Computers and managed service accounts are objectClass=computer, which is a kind of user; trusts between domains are users with
    // sAMAccountType 0x30000002 (MS-ADTS 2.2.10); contacts are no users. Not by objectCategory: only Active Directory itself
    // understands its short form, and objectClass is indexed since Windows Server 2008.
    accounts: all(
      equal('objectClass', 'user'),
      not(equal('objectClass', 'computer')),
      not(equal('sAMAccountType', String(0x30000002))),
    ),
    groups: equal('objectClass', 'group'),
  },
  openldap: {
    idAttribute: 'entryuuid',
    idFormat: 'uuid',
    accountName: ['uid', 'cn'],
    groupName: ['cn'],
    members: [
      { attribute: 'member', by: 'dn' },
      { attribute: 'uniquemember', by: 'dn' },
      { attribute: 'memberuid', by: 'name' },
    ],
    accounts: any(equal('objectClass', 'inetOrgPerson'), equal('objectClass', 'posixAccount')),
    groups: any(
      equal('objectClass', 'groupOfNames'),
      equal('objectClass', 'groupOfUniqueNames'),
      equal('objectClass', 'posixGroup'),
    ),
  },
};

/** The filter that decides which accounts are read; `memberOf` comes from memberOfFilter(). */
export function accountFilter(settings: AdSettings, memberOf: LdapFilter | undefined): LdapFilter {
  const { filter } = settings.users;
  return all(
    presetFacts[settings.preset].accounts,
    ...(filter === undefined ? [] : [parseFilter(filter)]),
    ...(memberOf === undefined ? [] : [memberOf]),
  );
}

/** Members of one group: direct, through nested groups, or because it is their primary group, which memberOf never shows. */
export const memberOfGroup = (dn: string, rid: string | undefined): LdapFilter =>
  any(matching('memberOf', inChainRule, dn), ...(rid === undefined ? [] : [equal('primaryGroupID', rid)]));

/** The filter that decides which groups are read. */
export function groupFilter(settings: AdSettings): LdapFilter {
  const filter = settings.groups?.filter;
  return all(presetFacts[settings.preset].groups, ...(filter === undefined ? [] : [parseFilter(filter)]));
}

const first = (...attributes: readonly string[]): MappingRule => ({ kind: 'first', attributes });

const commonFields = {
  email: first('mail'),
  firstName: first('givenname'),
  lastName: first('sn'),
  displayName: first('displayname', 'cn'),
  phone: first('telephonenumber'),
  mobile: first('mobile'),
  title: first('title'),
  description: first('description'),
} as const;

const mappings: Readonly<Record<Preset, SourceDefaults['mapping']>> = {
  'active-directory': {
    fields: {
      ...commonFields,
      username: first('samaccountname'),
      department: first('department'),
      site: first('physicaldeliveryofficename', 'l'),
      company: first('company'),
      employeeId: first('employeeid', 'employeenumber'),
    },
    attributes: { extension: first('ipphone') },
    matchKeys: { principalName: first('userprincipalname') },
  },
  openldap: {
    fields: {
      ...commonFields,
      username: first('uid'),
      department: first('departmentnumber', 'ou'),
      site: first('physicaldeliveryofficename', 'l'),
      company: first('o'),
      employeeId: first('employeenumber'),
    },
    attributes: {},
  },
};

export const defaultsOf = (settings: AdSettings): SourceDefaults => ({
  // A plain OpenLDAP has no notion of "disabled" unless an attribute is named: it must not decide then.
  lifecycle:
    settings.preset === 'active-directory' || settings.users.disabledAttribute !== undefined ? 'authority' : 'vote',
  correlation: ['username', 'principalName', 'usernameWithoutDomain', 'email'],
  mapping: mappings[settings.preset],
  confirmReads: 1,
  createUsers: true,
  teamsFrom: settings.groups === undefined ? 'none' : 'groups',
});

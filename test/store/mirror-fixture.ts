// Short ways to write down accounts, groups and users in the tests of the store.

import type { SourceAccount } from '../../src/model/account.ts';
import {
  asAccountKey,
  asExternalId,
  asGroupKey,
  asSourceName,
  asTeamId,
  asUserId,
  type UserId,
} from '../../src/model/ids.ts';
import type { OwnedValue } from '../../src/model/user.ts';
import type { AccountWrite, EdgeRows, GroupWrite, UserRow } from '../../src/sync/ports.ts';

export const hq = asSourceName('ad-hq');
export const uccx = asSourceName('uccx-1');

export function account(
  key: number,
  more: Partial<SourceAccount> & Partial<Omit<AccountWrite, 'account'>> = {},
): AccountWrite {
  const { digest, presence, quarantine, matchKeys, isNewDn, key: _key, ...fields } = more;
  return {
    key: asAccountKey(key),
    account: {
      id: asExternalId(`id-${key}`),
      name: `name${key}`,
      dn: `CN=User ${key},DC=example`,
      status: 'enabled',
      attributes: { mail: [`name${key}@example.com`], title: [] },
      unread: [],
      ...fields,
    },
    digest: digest ?? `digest-${key}`,
    presence: presence ?? { state: 'present' },
    ...(quarantine === undefined ? {} : { quarantine }),
    matchKeys: matchKeys ?? { username: `name${key}` },
    isNewDn: isNewDn ?? true,
  };
}

export function group(key: number, more: Partial<GroupWrite> = {}): GroupWrite {
  return {
    key: asGroupKey(key),
    group: {
      id: asExternalId(`g-${key}`),
      name: `group ${key}`,
      dn: `CN=Group ${key},DC=example`,
      attributes: {},
      unread: [],
    },
    digest: `digest-${key}`,
    presence: { state: 'present' },
    isNewDn: true,
    ...more,
  };
}

export function edges(
  accounts: readonly (readonly [number, number])[],
  groups: readonly (readonly [number, number])[] = [],
): EdgeRows {
  return {
    accounts: accounts.map(([of, key]) => [asGroupKey(of), asAccountKey(key)] as const),
    groups: groups.map(([of, key]) => [asGroupKey(of), asGroupKey(key)] as const),
    unresolved: [],
  };
}

export const noEdges: EdgeRows = { accounts: [], groups: [], unresolved: [] };

export const value = (text: string, owner: OwnedValue['owner'] = hq): OwnedValue => ({ value: text, owner });

export function user(id: number, values: UserRow['values'], more: Partial<UserRow> = {}): UserRow {
  return { id: asUserId(id), origin: hq, values, enabled: true, activated: false, ...more };
}

export function link(
  userId: number,
  accountKey: number,
): { user: UserId } & {
  readonly source: typeof hq;
  readonly account: ReturnType<typeof asAccountKey>;
  readonly state: 'active';
  readonly rule: string;
  readonly since: never;
} {
  return {
    user: asUserId(userId),
    source: hq,
    account: asAccountKey(accountKey),
    state: 'active',
    rule: 'created',
    since: 1_700_000_000_000 as never,
  };
}

export const users = (...ids: number[]) => ids.map(asUserId);
export const accounts = (...keys: number[]) => keys.map(asAccountKey);
export const groups = (...keys: number[]) => keys.map(asGroupKey);
export const teams = (...ids: number[]) => ids.map(asTeamId);

// A real store with a small contact centre in it, for the tests of what admins do: one directory source, three teams, four users.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, createAdmin } from '../../src/admin/admin.ts';
import type { AdminContext, AuditRecord } from '../../src/admin/ports.ts';
import { compilePolicy } from '../../src/config/compile.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import {
  type AccountKey,
  asAccountKey,
  asEpochMs,
  asExternalId,
  asGroupKey,
  asSourceName,
  asTeamId,
  asUserId,
  type EpochMs,
} from '../../src/model/ids.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { FieldName, OwnedValue, User } from '../../src/model/user.ts';
import { createAdminReader } from '../../src/store/admin-reader.ts';
import type { Location } from '../../src/store/clients.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { withRivals } from '../../src/sync/find-rivals.ts';
import type { StoreTx } from '../../src/sync/ports.ts';
import { fileWith, load } from '../unit/config-fixture.ts';

export const hq = asSourceName('hq');
export const startOfTime = asEpochMs(Date.parse('2026-11-01T08:00:00.000Z'));

const roles = `roles:
  Supervisor: [EVAL_AGENTS, CREATE_EVALS]
  Agent: [VIEW_SCHEDULE]
`;

export const policy: Policy = compilePolicy(load(fileWith('', roles)));

export interface Desk {
  readonly store: Store;
  readonly admin: Admin;
  readonly context: AdminContext;
  /** The clock that the use cases see. */
  at(moment: EpochMs): void;
  user(username: string): Promise<User>;
  /** Newest first. */
  entries(): Promise<readonly AuditRecord[]>;
  dirty(): Promise<readonly number[]>;
  close(): Promise<void>;
}

export async function openDesk(location?: Location): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-admin-'));
  let now = startOfTime;
  const clock = { now: () => now };
  const store = await openStore(location ?? { kind: 'sqlite', path: join(folder, 'rosterd.db') }, {
    auditKey: randomBytes(32),
    clock,
    migrate: 'apply',
  });
  await store.write(seed);
  const context: AdminContext = {
    store,
    reads: createAdminReader(store.core.read),
    policy,
    now: () => now,
    actor: 'cli:ops@console',
    withRivals,
  };
  return {
    store,
    context,
    admin: createAdmin(context),
    at: (moment) => {
      now = moment;
    },
    async user(username) {
      const holders = await store.read.holders('username', [username]);
      const [found] = await store.read.users([...holders.values()]);
      if (found === undefined) throw new Error(`no user ${username}`);
      return found;
    },
    entries: () => context.reads.auditRecords({}, { order: 'newest', limit: 1_000 }),
    dirty: () => store.read.dirtyUsers(hq, 0, 100),
    async close() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const values = (fields: Partial<Record<FieldName, string>>, owner: OwnedValue['owner']): User['values'] =>
  Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, { value, owner }]));

export const teamIds = { brno: asTeamId(1), sales: asTeamId(2), support: asTeamId(3) } as const;

/**
 *   user         | account in hq     | teams (owner)             | main
 *   mira.novak   | enabled           | Sales (hq), Support (hq)  | Sales
 *   jan.capek    | disabled there    | -                         | -
 *   eva.local    | -                 | Brno (local)              | Brno
 *   x4711        | enabled           | -                         | -
 */
async function seed(tx: StoreTx): Promise<void> {
  await tx.mirror.saveSource({ name: hq, type: 'directory' });
  await tx.userRows.saveTeams([
    { id: teamIds.brno, name: 'Brno', origin: 'local' },
    { id: teamIds.sales, name: 'Sales', origin: hq },
    { id: teamIds.support, name: 'Support', origin: hq },
  ]);
  const account = (
    id: string,
    uid: string,
    mail: string,
    status: SourceAccount['status'] = 'enabled',
  ): SourceAccount => ({
    id: asExternalId(id),
    name: uid,
    status,
    attributes: { uid: [uid], mail: [mail] },
    unread: [],
  });
  const accounts = [
    account('g-mira', 'mira.novak', 'mira@example.org'),
    account('g-jan', 'jan.capek', 'jan@example.org', 'disabled'),
    account('g-4711', 'x4711', 'x4711@example.org'),
  ];
  await tx.mirror.saveAccounts(
    hq,
    accounts.map((one, index) => ({
      key: asAccountKey(index + 1),
      account: one,
      digest: `d${index}`,
      presence: { state: 'present' },
      matchKeys: {},
      isNewDn: true,
    })),
  );
  await tx.mirror.saveGroups(
    hq,
    (['Sales', 'Support'] as const).map((name, index) => ({
      key: asGroupKey(index + 1),
      group: { id: asExternalId(`grp-${name}`), name, attributes: {}, unread: [] },
      digest: name,
      presence: { state: 'present' },
      isNewDn: true,
    })),
  );
  await tx.mirror.setTeam([
    { group: asGroupKey(1), team: teamIds.sales },
    { group: asGroupKey(2), team: teamIds.support },
  ]);
  await tx.mirror.addEdges('member', {
    accounts: [
      [asGroupKey(1), asAccountKey(1)],
      [asGroupKey(2), asAccountKey(1)],
    ],
    groups: [],
    unresolved: [],
  });
  await seedUsers(tx);
}

async function seedUsers(tx: StoreTx): Promise<void> {
  const synced = { origin: hq, activated: false } as const;
  await tx.userRows.create([
    {
      ...synced,
      id: asUserId(1),
      values: values({ username: 'mira.novak', email: 'mira@example.org', firstName: 'Míra', lastName: 'Novák' }, hq),
      enabled: true,
      mainTeam: teamIds.sales,
    },
    {
      ...synced,
      id: asUserId(2),
      values: values({ username: 'jan.capek', email: 'jan@example.org', lastName: 'Čapek' }, hq),
      enabled: false,
    },
    {
      id: asUserId(3),
      origin: 'local',
      activated: true,
      values: values({ username: 'eva.local' }, 'local'),
      enabled: true,
      mainTeam: teamIds.brno,
    },
    {
      ...synced,
      id: asUserId(4),
      values: values({ username: 'x4711', email: 'x4711@example.org' }, hq),
      enabled: true,
    },
  ]);
  const link = (user: number, account: AccountKey) => ({
    user: asUserId(user),
    source: hq,
    account,
    state: 'active' as const,
    rule: 'username',
    since: startOfTime,
  });
  await tx.userRows.addLinks([link(1, asAccountKey(1)), link(2, asAccountKey(2)), link(4, asAccountKey(3))]);
  await tx.userRows.addMemberships([
    { user: asUserId(1), team: teamIds.sales, owner: hq },
    { user: asUserId(1), team: teamIds.support, owner: hq },
    { user: asUserId(3), team: teamIds.brno, owner: 'local' },
  ]);
  await tx.allocate('user', 4);
  await tx.allocate('team', 3);
}

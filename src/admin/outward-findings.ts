// The open findings of one source as tasks for its administrator: who is meant, by name and as that system calls them, since
// when, and the facts. Invariant: nothing here names what only rosterd knows; findings that only its operator can settle are left out.

import type { MirrorAccount } from '../model/account.ts';
import { type FindingCode, findingCodes } from '../model/finding.ts';
import { outwardText } from '../model/finding-outward.ts';
import { asUserId, type EpochMs, type ExternalId, type SourceName, type UserId } from '../model/ids.ts';
import type { SourcePolicy } from '../model/policy.ts';
import type { FieldName, User } from '../model/user.ts';
import { mapField } from '../reconcile/map.ts';
import { factsOf } from './finding-facts.ts';
import type { AdminContext, StoredFinding } from './ports.ts';
import { requireSource } from './require-source.ts';

export interface OutwardFinding {
  readonly code: FindingCode;
  /** What to do, in words that need no rosterd. */
  readonly task: string;
  readonly number: number;
  /** Of the person, team or group. */
  readonly name: string;
  /** As the system calls it: DN, agent ID, user ID; empty where it has none. */
  readonly id: string;
  readonly since: EpochMs;
  readonly facts: string;
}

const pageSize = 500;
const codes = Object.keys(findingCodes) as FindingCode[];

export function outwardSource({ policy }: AdminContext, name: string): SourcePolicy {
  const source = requireSource(
    policy.sources.map((one) => one.name),
    name,
  );
  return policy.sources.find((one) => one.name === source) as SourcePolicy;
}

/** Task by task, in the order of the list of findings; within a task the oldest first. Nobody's ignored ones. */
export async function* outwardFindings(context: AdminContext, source: SourcePolicy): AsyncIterable<OutwardFinding> {
  for (const code of codes) {
    const task = outwardText(code);
    if (task === undefined) continue;
    for await (const page of pagesOf(context, source.name, code)) {
      const named = await namesOf(context, source, page);
      for (const finding of page) {
        const { name, id } = named(finding);
        yield { code, task, number: finding.id, name, id, since: finding.openedAt, facts: factsOf(finding) };
      }
    }
  }
}

/** How many open findings of the source only the operator of rosterd can settle. */
export async function countInward(context: AdminContext, { name }: SourcePolicy): Promise<number> {
  let count = 0;
  for (const code of codes) {
    if (outwardText(code) !== undefined) continue;
    for await (const page of pagesOf(context, name, code)) count += page.length;
  }
  return count;
}

async function* pagesOf(
  { reads, now }: AdminContext,
  source: SourceName,
  code: FindingCode,
): AsyncIterable<readonly StoredFinding[]> {
  const filter = { state: 'open', now: now(), source, code } as const;
  for (let after: number | undefined; ; ) {
    const page = await reads.findings(filter, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    if (page.length > 0) yield page;
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}

type Named = (finding: StoredFinding) => { readonly name: string; readonly id: string };

/** Of a page, in a handful of queries. */
async function namesOf({ store }: AdminContext, source: SourcePolicy, page: readonly StoredFinding[]): Promise<Named> {
  const ids = [...new Set(page.flatMap((finding) => accountIdOf(source.name, finding) ?? []))];
  const digests = await store.read.mirror.digests(source.name, 'account', ids);
  const accounts = await store.read.accounts([...digests.values()].map(({ key }) => key as MirrorAccount['key']));
  const byId = new Map(accounts.map((account) => [account.id, account]));
  const owners = accounts.flatMap(({ userId }) => userId ?? []);
  const users = await store.read.users([...new Set([...page.flatMap((finding) => userOf(finding) ?? []), ...owners])]);
  const userById = new Map(users.map((user) => [user.id, user]));
  const linked = await store.read.accountsOf(users.map(({ id }) => id));
  const ofUser = Map.groupBy(
    linked.filter((account) => account.source === source.name),
    ({ userId }) => userId,
  );
  return (finding) => {
    const userId = userOf(finding);
    const account = byId.get(accountIdOf(source.name, finding) ?? ('' as ExternalId)) ?? firstOf(ofUser.get(userId));
    const user = userById.get(userId ?? account?.userId ?? asUserId(0));
    const person = nameOfAccount(account, source) ?? nameOfUser(user);
    return { name: person ?? finding.label, id: account === undefined ? nameIn(finding) : idInSource(account) };
  };
}

const firstOf = (accounts: readonly MirrorAccount[] | undefined): MirrorAccount | undefined => accounts?.[0];

function userOf({ subject }: StoredFinding): UserId | undefined {
  const found = /^user:(\d+)(?:\/|$)/u.exec(subject)?.[1];
  return found === undefined ? undefined : asUserId(Number(found));
}

function accountIdOf(source: SourceName, { subject, detail }: StoredFinding): ExternalId | undefined {
  const prefix = `account:${source}/`;
  const id = subject.startsWith(prefix) ? subject.slice(prefix.length) : detail['id'];
  return typeof id === 'string' ? (id as ExternalId) : undefined;
}

/** Of an account that is not in the mirror any more. */
const nameIn = ({ detail }: StoredFinding): string => (typeof detail['account'] === 'string' ? detail['account'] : '');

/** What its administrator finds the record by. */
const idInSource = ({ dn, attributes, name }: MirrorAccount): string => dn ?? attributes['agentid']?.[0] ?? name;

function nameOfAccount(account: MirrorAccount | undefined, { mapping }: SourcePolicy): string | undefined {
  if (account === undefined) return undefined;
  return nameFrom((field) => {
    const reading = mapField(account, mapping, field);
    return reading?.kind === 'present' ? reading.value : undefined;
  });
}

const nameOfUser = (user: User | undefined): string | undefined =>
  user === undefined ? undefined : nameFrom((field) => user.values[field]?.value);

function nameFrom(given: (field: FieldName) => string | undefined): string | undefined {
  const names = [given('firstName'), given('lastName')].filter((name) => name !== undefined).join(' ');
  return given('displayName') ?? (names === '' ? undefined : names);
}

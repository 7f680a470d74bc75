// The end of every history: the source is quiet, complete runs until nothing changes, every hold approved. Then the users are what
// the source and the people say, computed here in the plainest way there is.

import type { FindingCode } from '../../../src/model/finding.ts';
import type { Run } from '../../../src/model/run.ts';
import type { User } from '../../../src/model/user.ts';
import { differingTables, tableDigests } from '../../integration/sync-pictures.ts';
import { type DirectoryContent, leadsName, type Person } from './directory.ts';
import type { Installation } from './installation.ts';
import type { LocalModel } from './people.ts';
import type { Picture } from './picture.ts';

/** Disputes: a person has to say something first, and until then the user or the account waits. */
const disputes: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'disputed-match',
  'name-of-another',
  'second-account',
  'returned-late',
  'sync-off-new-match',
  'username-conflict',
  'email-conflict',
]);

export interface Waiting {
  /** Subject (`user:7`, `account:hq/<id>`) -> codes. */
  readonly bySubject: ReadonlyMap<string, ReadonlySet<FindingCode>>;
}

export async function waitingNow({ admin }: Installation): Promise<Waiting> {
  const bySubject = new Map<string, Set<FindingCode>>();
  for (const { code, subject } of await admin.listFindings({ state: 'open', limit: 1_000 }))
    if (disputes.has(code)) bySubject.set(subject, (bySubject.get(subject) ?? new Set()).add(code));
  return { bySubject };
}

/** What is wrong with the last run of the history: it finds everything as it is, and writes its own row only. */
export async function wrongLastRun(at: Installation): Promise<string[]> {
  const before = { tables: await tableDigests(at.store), findings: await sayFindings(at) };
  const { run } = await at.run({ kind: 'none' });
  const after = await sayFindings(at);
  const findings = [...before.findings, ...after].filter((line) => !(before.findings.has(line) && after.has(line)));
  const usual = [
    'counters',
    'leases',
    'runs',
    ...(findings.length > 0 && findings.every(isFlapping) ? ['findings'] : []),
  ];
  const written = differingTables(before.tables, await tableDigests(at.store)).filter(
    (table) => !usual.includes(table),
  );
  return [
    ...(written.length === 0
      ? []
      : [`a run that finds nothing new writes to ${written.join(', ')}: ${findings.join(' | ')}`]),
    ...(run?.state === 'done' ? [] : [`a run that finds nothing new ends as ${run?.state}: ${run?.because}`]),
  ];
}

/** It tells of the last ten runs, so that every run takes it further away until it closes; that is news, and no fault. */
const isFlapping = (line: string): boolean => line.includes('"code":"value-flapping"');

async function sayFindings({ admin }: Installation): Promise<ReadonlySet<string>> {
  return new Set((await admin.listFindings({ state: 'any', limit: 10_000 })).map((finding) => JSON.stringify(finding)));
}

interface End {
  readonly at: Installation;
  readonly content: DirectoryContent;
  readonly model: LocalModel;
  readonly picture: Picture;
  readonly waiting: Waiting;
}

/** Everything in which users differ from what source and people say. */
export function wrongUsers(end: End): string[] {
  const { picture, content } = end;
  const users = new Map<string, User[]>();
  for (const user of picture.users)
    for (const link of user.links) {
      const id = picture.ids.get(link.account) ?? '';
      users.set(id, [...(users.get(id) ?? []), user]);
    }
  return [...content.people.values()].flatMap((person) => {
    const [user, second] = users.get(person.id) ?? [];
    if (second !== undefined) return [`${person.id} has two users`];
    if (user === undefined) return missingUser(end, person);
    return user.links.length > 1 ? [] : wrongUser(end, person, user);
  });
}

const codesOf = ({ waiting }: End, subject: string): ReadonlySet<FindingCode> =>
  waiting.bySubject.get(subject) ?? new Set();

/** Nobody is left without a user, unless the account waits for a person. */
function missingUser(end: End, person: Person): string[] {
  const isWaiting = codesOf(end, `account:hq/${person.id}`).size > 0;
  if (!end.content.isShown(person) || (isWaiting && isContested(end, person))) return [];
  return [`${person.id} (${person.login}) is there and has no user`];
}

/** Somebody else has had the login or the address: only then may anything be disputed. */
function isContested({ content }: End, person: Person): boolean {
  return [person.login, person.mail].some(
    (value) => value !== undefined && (content.everHeld.get(value.toLowerCase())?.size ?? 0) > 1,
  );
}

function wrongUser(end: End, person: Person, user: User): string[] {
  const { model, at } = end;
  if (model.isOff(user.id, at.now)) return [];
  const codes = codesOf(end, `user:${user.id}`);
  const late = codes.has('returned-late');
  if (codes.size > 0 && !late && !isContested(end, person))
    return [`${person.id} (${person.login}) waits for ${[...codes].join(', ')}, and shares nothing with anybody`];
  if (late || codes.has('name-of-another')) return [];
  const should = end.content.isShown(person) ? expectedOf(end, person, user, codes) : expectedOfGone(end, user);
  return should.flatMap(([what, is, expected]) =>
    is === expected
      ? []
      : [`${what} of u${user.id} (${person.login}, ${person.id}) is ${is}, and should be ${expected}`],
  );
}

type Expectation = readonly [what: string, is: unknown, expected: unknown];

/** Who left has no access, and who is out of scope has none after a day; the end comes later than that. */
function expectedOfGone({ model, at }: End, user: User): Expectation[] {
  const pin = model.pin(user.id, 'enabled -', at.now);
  return [['enabled', `${user.enabled}`, model.of(user.id).isHeld ? 'false' : (pin?.value ?? 'false')]];
}

function expectedOf(end: End, person: Person, user: User, codes: ReadonlySet<FindingCode>): Expectation[] {
  const { model, at } = end;
  const local = model.of(user.id);
  const text = (field: 'username' | 'email' | 'title'): string | undefined => user.values[field]?.value;
  const pin = model.pin(user.id, 'enabled -', at.now);
  const isAlive = person.isEnabled && !(person.expiresAt !== undefined && person.expiresAt <= at.now);
  const enabled = local.isHeld ? false : pin === undefined ? isAlive : pin.value === 'true';
  const extension = user.attributes.find(({ name, owner }) => name === 'extension' && owner === 'hq')?.value;
  return [
    ...(codes.has('username-conflict') ? [] : [['username', text('username'), person.login] as const]),
    ...(codes.has('email-conflict') ? [] : [['email', text('email'), person.mail] as const]),
    ...titleOf(end, person, user),
    ['enabled', user.enabled, enabled],
    ['extension', extension, person.extension],
    ...teamsOf(end, person, user),
  ];
}

function titleOf({ model, at }: End, person: Person, user: User): Expectation[] {
  // A pinned title is compared after every step.
  if (model.pin(user.id, 'field title', at.now) !== undefined) return [];
  const title = user.values.title;
  // What a pin has left is local, and sync never removes a local value (R106).
  if (person.title === undefined && title?.owner === 'local' && model.of(user.id).titles.has(title.value)) return [];
  return [['title', title?.value, person.title]];
}

function teamsOf({ content, model, at, picture }: End, person: Person, user: User): Expectation[] {
  const said = (names: readonly string[]): string => [...names].sort().join(', ');
  const nameOf = (team: number): string => picture.teams.find(({ id }) => id === team)?.name ?? `team ${team}`;
  const isPinned = (team: number): boolean => model.pin(user.id, `membership ${team}`, at.now) !== undefined;
  const groups = [...content.groups.values()];
  const own = groups.filter(({ id, members }) => {
    const team = picture.fed.get(id);
    return members.has(person.id) && (team === undefined || !isPinned(team));
  });
  const rows = user.memberships.filter(({ team, owner }) => owner === 'hq' && !isPinned(team));
  const leads = groups.find(({ name }) => name === leadsName);
  const isLead = leads !== undefined && content.everybodyIn(leads).has(person.id);
  const memberOf = (team: number): boolean => user.memberships.some((row) => row.team === team);
  const pins = [...model.of(user.id).pins.keys()].flatMap((key) => {
    const [kind, subject] = key.split(' ');
    const pin = kind === 'membership' ? model.pin(user.id, key, at.now) : undefined;
    return pin === undefined ? [] : [['pinned team', memberOf(Number(subject)), pin.mode === 'keep'] as const];
  });
  return [
    ['teams', said(rows.map(({ team }) => nameOf(team))), said(own.map(({ name }) => name))],
    ['role', user.roles.some(({ owner }) => owner === 'hq'), isLead],
    ...pins,
  ];
}

export interface Settling {
  run(): Promise<Run | undefined>;
  /** Releases what the run holds, or has rejected. */
  release(run: Run): Promise<void>;
}

/** Runs and releases until nothing is planned or held any more. */
export async function settle({ run, release }: Settling): Promise<string[]> {
  for (let round = 0; round < 12; round += 1) {
    const ended = await run();
    if (ended === undefined) return ['a run without an end'];
    if (ended.counts.planned === 0 && ended.state === 'done') return [];
    if (ended.heldChecksum !== undefined) await release(ended);
  }
  return ['runs and approvals do not come to an end'];
}

// The end of every history: the source is quiet, complete runs until nothing changes, every hold approved. Then the users are what
// the source and the people say, computed here in the plainest way there is.

import type { FindingCode } from '../../../src/model/finding.ts';
import type { SourceName } from '../../../src/model/ids.ts';
import type { Run } from '../../../src/model/run.ts';
import type { User } from '../../../src/model/user.ts';
import { differingTables, tableDigests } from '../../integration/sync-pictures.ts';
import { type DirectoryContent, type Group, leadsName, type Person, sourceOf } from './directory.ts';
import type { Installation } from './installation.ts';
import { ccx, hasStatus, hq, officeSources } from './office.ts';
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
  /** Ids of linked accounts that wait for what becomes of another one with their login. */
  readonly withAnother: ReadonlySet<string>;
}

export async function waitingNow({ admin }: Installation): Promise<Waiting> {
  const bySubject = new Map<string, Set<FindingCode>>();
  const withAnother = new Set<string>();
  for (const { code, subject, detail } of await admin.listFindings({ state: 'open', limit: 1_000 })) {
    if (disputes.has(code)) bySubject.set(subject, (bySubject.get(subject) ?? new Set()).add(code));
    for (const said of [detail['waits'] ?? []].flat()) withAnother.add(String(said).replace(/^.*\((.*)\)$/u, '$1'));
  }
  return { bySubject, withAnother };
}

/** What is wrong with the last run of the history: it finds everything as it is, and writes its own row only. */
export async function wrongLastRun(at: Installation, source: SourceName): Promise<string[]> {
  const before = { tables: await tableDigests(at.store), findings: await sayFindings(at) };
  const { run } = await at.run(source, { kind: 'none' });
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
      : [`a run of ${source} that finds nothing new writes to ${written.join(', ')}: ${findings.join(' | ')}`]),
    ...(run?.state === 'done'
      ? []
      : [`a run of ${source} that finds nothing new ends as ${run?.state}: ${run?.because}`]),
  ];
}

/** It tells of the last ten runs, so that every run takes it further away until it closes; that is news, and no fault. */
const isFlapping = (line: string): boolean => line.includes('"code":"value-flapping"');

async function sayFindings({ admin }: Installation): Promise<ReadonlySet<string>> {
  return new Set((await admin.listFindings({ state: 'any', limit: 10_000 })).map((finding) => JSON.stringify(finding)));
}

interface End {
  readonly at: Installation;
  readonly contents: readonly DirectoryContent[];
  readonly model: LocalModel;
  readonly picture: Picture;
  readonly waiting: Waiting;
}

/** One account of a user, as it really is in its source. */
interface Own {
  readonly source: SourceName;
  readonly content: DirectoryContent;
  readonly person: Person;
  readonly isShown: boolean;
}

/** Everything in which users differ from what the sources and people say. */
export function wrongUsers(end: End): string[] {
  const { picture, contents } = end;
  const linked = new Map<string, number>();
  const wrong: string[] = [];
  for (const user of picture.users) {
    for (const id of idsOf(end, user)) {
      if (linked.has(id)) wrong.push(`${id} has two users`);
      linked.set(id, user.id);
    }
    wrong.push(...wrongUser(end, user));
  }
  const missing = contents.flatMap((content) =>
    [...content.people.values()].flatMap((person) => (linked.has(person.id) ? [] : missingUser(end, content, person))),
  );
  return [...wrong, ...missing];
}

const idsOf = ({ picture }: End, user: User): string[] =>
  user.links.flatMap(({ account }) => picture.ids.get(account) ?? []);

const codesOf = ({ waiting }: End, subject: string): ReadonlySet<FindingCode> =>
  waiting.bySubject.get(subject) ?? new Set();

/** Nobody is left without a user, unless the account waits for a person. */
function missingUser(end: End, content: DirectoryContent, person: Person): string[] {
  const codes = codesOf(end, `account:${content.source}/${person.id}`);
  const isWaiting = codes.size > 0 && (isContested(end, [person.id]) || codes.has('sync-off-new-match'));
  if (!content.isShown(person) || isWaiting) return [];
  return [`${person.id} (${person.login}) is there and has no user`];
}

/**
 * Whoever shares a login, an address or a user with them, and whoever shares one with those: only where two of one source, two
 * users or a user made by hand are among them may anything be disputed.
 */
function isContested(end: End, start: readonly string[]): boolean {
  const sets = [
    ...end.contents.flatMap(({ everHeld }) => [...everHeld].map(([value, ids]) => ({ value, ids }))),
  ].reduce(
    (found, { value, ids }) => found.set(value, new Set([...(found.get(value) ?? []), ...ids])),
    new Map<string, Set<string>>(),
  );
  const groups = [...sets.values(), ...end.picture.users.map((user) => new Set(idsOf(end, user)))];
  const all = new Set(start);
  for (let size = -1; size !== all.size; ) {
    size = all.size;
    for (const group of groups) if ([...group].some((id) => all.has(id))) for (const id of group) all.add(id);
  }
  const sources = [...all].map(sourceOf);
  // Renamed apart in one source while another has not linked yet: they found different users, who share an address now.
  const owners = end.picture.users.filter((user) => idsOf(end, user).some((id) => all.has(id)));
  return owners.length > 1 || new Set(sources).size < sources.length || [...all].some((id) => id.startsWith('user:'));
}

function wrongUser(end: End, user: User): string[] {
  const { model, at, contents } = end;
  if (user.links.length === 0 || model.isOff(user.id, at.now)) return [];
  const own = idsOf(end, user).flatMap((id): Own[] => {
    const content = contents.find(({ source }) => source === sourceOf(id));
    const person = content?.people.get(id);
    if (content === undefined || person === undefined) return [];
    return [{ source: content.source, content, person, isShown: content.isShown(person) }];
  });
  const ids = own.map(({ person }) => person.id);
  const said = `u${user.id} (${ids.join(', ')})`;
  // Two accounts of one source were linked by hand.
  if (new Set(own.map(({ source }) => source)).size < own.length) return [];
  const codes = codesOf(end, `user:${user.id}`);
  const isDoubtful = codes.has('returned-late') || own.some(({ source }) => source === ccx);
  if (codes.size > 0 && !isDoubtful && !isContested(end, ids))
    return [`${said} waits for ${[...codes].join(', ')}, and shares nothing with anybody`];
  if (codes.has('returned-late') || codes.has('name-of-another')) return [];
  if (ids.some((id) => end.waiting.withAnother.has(id)))
    return isContested(end, ids) ? [] : [`${said} waits for nobody`];
  const live = own.filter(({ isShown }) => isShown).sort((a, b) => rankOf(a.source) - rankOf(b.source));
  const should =
    deciderOf(own)?.isShown === false || live.length === 0
      ? expectedOfGone(end, user)
      : expectedOf(end, user, own, live, codes);
  return should.flatMap(([what, is, expected]) =>
    is === expected ? [] : [`${what} of ${said} is ${is}, and should be ${expected}`],
  );
}

const rankOf = (source: SourceName): number => officeSources.indexOf(source);

type Expectation = readonly [what: string, is: unknown, expected: unknown];

/** Who left has no access, and who is out of scope has none after a day; the end comes later than that. */
function expectedOfGone({ model, at }: End, user: User): Expectation[] {
  const pin = model.pin(user.id, 'enabled -', at.now);
  return [['enabled', `${user.enabled}`, model.of(user.id).isHeld ? 'false' : (pin?.value ?? 'false')]];
}

/** `live`: in order of precedence, not empty. */
function expectedOf(
  end: End,
  user: User,
  own: readonly Own[],
  live: readonly Own[],
  codes: ReadonlySet<FindingCode>,
): Expectation[] {
  const { model, at } = end;
  const local = model.of(user.id);
  const text = (field: 'username' | 'email' | 'title'): string | undefined => user.values[field]?.value;
  const first = (of: (person: Person) => string | undefined) =>
    live.map(({ person }) => of(person)).find((value) => value !== undefined);
  const pin = model.pin(user.id, 'enabled -', at.now);
  const enabled = local.isHeld ? false : pin === undefined ? isAlive(own, at.now) : pin.value === 'true';
  return [
    ...(codes.has('username-conflict') ? [] : [['username', text('username'), first(({ login }) => login)] as const]),
    ...(codes.has('email-conflict') ? [] : [['email', text('email'), first(({ mail }) => mail)] as const]),
    ...titleOf(
      end,
      user,
      first(({ title }) => title),
    ),
    ['enabled', user.enabled, enabled],
    ...own.flatMap((one) => expectedOfSource(end, user, one)),
    ...pinnedRows(end, user),
  ];
}

/** The directory, else the contact centre that has a vote: when its account leaves, the user is disabled and all of it is frozen. */
const deciderOf = (own: readonly Own[]): Own | undefined =>
  own.filter(({ source }) => hasStatus(source)).sort((a, b) => rankOf(a.source) - rankOf(b.source))[0];

/** The directory decides, else the contact centre that has a vote, else that somebody knows the person at all. */
function isAlive(own: readonly Own[], now: number): boolean {
  const one = deciderOf(own);
  if (one === undefined) return own.some(({ isShown }) => isShown);
  const { isEnabled, expiresAt } = one.person;
  return one.isShown && isEnabled && !(expiresAt !== undefined && expiresAt <= now);
}

function titleOf({ model, at }: End, user: User, should: string | undefined): Expectation[] {
  // A pinned title is compared after every step.
  if (model.pin(user.id, 'field title', at.now) !== undefined) return [];
  const title = user.values.title;
  // What a pin has left is local, and sync never removes a local value (R106).
  if (should === undefined && title?.owner === 'local' && model.of(user.id).titles.has(title.value)) return [];
  return [['title', title?.value, should]];
}

/** What one source owns of the user: nothing any more when its account has left, and exactly what it says when it is there. */
function expectedOfSource(
  { model, at, picture }: End,
  user: User,
  { source, content, person, isShown }: Own,
): Expectation[] {
  const extension = user.attributes.find(({ name, owner }) => name === 'extension' && owner === source)?.value;
  const groups = isShown ? [...content.groups.values()] : [];
  const said = (teams: readonly (number | undefined)[]): string => teams.map(String).sort().join(', ');
  const rows = (
    kind: 'membership' | 'grant',
    has: User['memberships'],
    members: (group: Group) => ReadonlySet<string>,
  ) => {
    const isFree = (team: number | undefined): boolean =>
      team === undefined || model.pin(user.id, `${kind} ${team}`, at.now) === undefined;
    const is = has.filter(({ owner, team }) => owner === source && isFree(team)).map(({ team }) => team);
    const should = groups.filter((group) => members(group).has(person.id)).map(({ id }) => picture.fed.get(id));
    return [`${kind} of ${source}`, said(is), said([...new Set(should.filter(isFree))])] as const;
  };
  const leads = groups.find(({ name }) => name === leadsName);
  const isLead = source === hq && leads !== undefined && content.everybodyIn(leads).has(person.id);
  return [
    [`extension of ${source}`, extension, isShown ? person.extension : undefined],
    rows('membership', user.memberships, ({ members }) => members),
    rows('grant', user.grants, ({ supervisors }) => supervisors),
    [`role of ${source}`, user.roles.some(({ owner }) => owner === source), isLead],
  ];
}

function pinnedRows({ model, at }: End, user: User): Expectation[] {
  return [...model.of(user.id).pins.keys()].flatMap((key) => {
    const [kind, subject] = key.split(' ');
    const pin = kind === 'membership' || kind === 'grant' ? model.pin(user.id, key, at.now) : undefined;
    if (pin === undefined) return [];
    const has = (kind === 'grant' ? user.grants : user.memberships).some(({ team }) => team === Number(subject));
    return [[`pinned ${key}`, has, pin.mode === 'keep'] as const];
  });
}

export interface Settling {
  readonly order: readonly SourceName[];
  run(source: SourceName): Promise<Run | undefined>;
  /** Releases what the run holds, or has rejected. */
  release(run: Run): Promise<void>;
}

/** Runs and releases until no source plans or holds anything any more. */
export async function settle({ order, run, release }: Settling): Promise<string[]> {
  for (let round = 0; round < 12; round += 1) {
    let isQuiet = true;
    for (const source of order) {
      const ended = await run(source);
      if (ended === undefined) return ['a run without an end'];
      if (ended.counts.planned > 0 || ended.state !== 'done') isQuiet = false;
      if (ended.heldChecksum !== undefined) await release(ended);
    }
    if (isQuiet) return [];
  }
  return ['runs and approvals do not come to an end'];
}

// The one double of the histories: a connector over plain content, which keeps the contract (src/connector.ts) or fails on demand.
// Invariant: it remembers exactly what it has shown and answered, so that a truth can ask what a run could have known.

import type {
  Confirmation,
  Connector,
  EdgeChunk,
  GroupClosure,
  ReadEvent,
  ReadOutcome,
  ReadPage,
  RecordKind,
  RejectedRecord,
} from '../../../src/connector.ts';
import type { SourceAccount } from '../../../src/model/account.ts';
import { RosterdError } from '../../../src/model/errors.ts';
import type { EdgeMember, SourceGroup } from '../../../src/model/group.ts';
import { asEpochMs, asExternalId, type ExternalId, type SourceName } from '../../../src/model/ids.ts';
import type { DirectoryContent, Group, Person } from './directory.ts';
import { hasStatus, hasSupervisors, idStabilityOf } from './office.ts';

/** What goes wrong in one read. `page`: after that many pages. */
export type ReadFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'cut' | 'throws' | 'no-outcome'; readonly page: number }
  /** It leaves people out and calls itself complete; asked for them it says that they are there. */
  | { readonly kind: 'short'; readonly first: number }
  | { readonly kind: 'rejects'; readonly which: number; readonly isNamed: boolean }
  | { readonly kind: 'unread-title' }
  /** One group comes in parts only. */
  | { readonly kind: 'part-of-group'; readonly which: number }
  | { readonly kind: 'unanswered'; readonly how: 'unknown' | 'throws' }
  /** Complete, without a single account; asked for anybody it says out of scope. */
  | { readonly kind: 'empty' };

/** What one read has shown. Edges of a group are there when it was closed as complete. */
export interface ReadLog {
  readonly accounts: Map<string, { readonly isEnabled: boolean; readonly expiresAt: number | undefined }>;
  readonly groups: Set<string>;
  readonly members: Map<string, ReadonlySet<string>>;
  readonly supervisors: Map<string, ReadonlySet<string>>;
  readonly answers: Map<string, Confirmation['kind']>;
  /** Somebody came undecodable and without an id. */
  hasNameless: boolean;
  /** It ended with the outcome `complete`; whether the daemon believes it is another matter. */
  saysComplete: boolean;
}

const pageSize = 4;
const edgesPerChunk = 3;

export class MemorySource implements Connector {
  readonly idStability: Connector['idStability'];
  readonly content: DirectoryContent;
  readonly log: ReadLog = {
    accounts: new Map(),
    groups: new Set(),
    members: new Map(),
    supervisors: new Map(),
    answers: new Map(),
    hasNameless: false,
    saysComplete: false,
  };
  readonly #fault: ReadFault;

  constructor(content: DirectoryContent, fault: ReadFault) {
    this.content = content;
    this.idStability = idStabilityOf(content.source);
    this.#fault = fault;
  }

  get scopeFingerprint(): string {
    return this.content.isNarrow ? 'narrow' : 'wide';
  }

  check(): Promise<never> {
    return Promise.reject(new RosterdError('source-unreachable', 'Nobody checks this source.'));
  }

  async *read(): AsyncIterable<ReadEvent> {
    const fault = this.#fault;
    let sent = 0;
    const counts = { accounts: 0, groups: 0, edges: 0, rejected: 0 };
    for (const page of this.#pages()) {
      if ('page' in fault && sent >= fault.page) {
        if (fault.kind === 'throws') throw new RosterdError('source-unreachable', 'The connection broke.');
        if (fault.kind === 'cut')
          yield { kind: 'outcome', outcome: { kind: 'partial', because: 'cut on purpose', proof: {} } };
        return;
      }
      counts.accounts += page.accounts.length;
      counts.groups += page.groups.length;
      counts.edges += page.edges.reduce((sum, chunk) => sum + chunk.members.length, 0);
      counts.rejected += page.rejected.length;
      this.#note(page);
      sent += 1;
      yield { kind: 'page', page };
    }
    if (fault.kind === 'no-outcome') return;
    this.log.saysComplete = true;
    const outcome: ReadOutcome = { kind: 'complete', counts, proof: { pages: sent }, serverIdentity: 'office' };
    yield { kind: 'outcome', outcome };
  }

  confirm(kind: RecordKind, ids: readonly ExternalId[]): Promise<ReadonlyMap<ExternalId, Confirmation>> {
    const fault = this.#fault;
    if (fault.kind === 'unanswered' && fault.how === 'throws')
      return Promise.reject(new RosterdError('source-unreachable', 'The question was not answered.'));
    return Promise.resolve(
      new Map(
        ids.map((id) => {
          const answer = this.#answer(kind, id);
          this.log.answers.set(id, answer.kind);
          return [id, answer];
        }),
      ),
    );
  }

  #answer(kind: RecordKind, id: string): Confirmation {
    if (this.#fault.kind === 'unanswered') return { kind: 'unknown', because: 'not on this day' };
    if (kind === 'group')
      return this.content.groups.has(id) ? { kind: 'present' } : { kind: 'absent', evidence: 'no such group' };
    const person = this.content.people.get(id);
    if (person === undefined || person.place === 'gone') return { kind: 'absent', evidence: 'no such person' };
    if (this.#fault.kind === 'empty') return { kind: 'out-of-scope', evidence: 'not below the base' };
    return this.content.isShown(person) ? { kind: 'present' } : { kind: 'out-of-scope', evidence: 'filter' };
  }

  *#pages(): Generator<ReadPage> {
    const { accounts, rejected } = this.#records();
    const groups = [...this.content.groups.values()];
    yield* portions(accounts, pageSize).map((some) => page({ accounts: some }));
    if (rejected.length > 0) yield page({ rejected });
    yield* portions(groups, pageSize).map((some) => page({ groups: some.map(toGroup) }));
    for (const [index, group] of groups.entries()) {
      const fault = this.#fault;
      const isPart = fault.kind === 'part-of-group' && fault.which % groups.length === index;
      yield* this.#edges(group, 'member', isPart);
      if (hasSupervisors(this.content.source)) yield* this.#edges(group, 'manages', isPart);
    }
  }

  #records(): { readonly accounts: readonly SourceAccount[]; readonly rejected: readonly RejectedRecord[] } {
    const fault = this.#fault;
    const shown = this.content.shownPeople();
    if (fault.kind === 'empty') return { accounts: [], rejected: [] };
    if (fault.kind === 'short')
      return {
        accounts: shown.slice(1 + (fault.first % 4)).map((one) => toAccount(one, this.content.source, false)),
        rejected: [],
      };
    const victim = fault.kind === 'rejects' && shown.length > 0 ? shown[fault.which % shown.length] : undefined;
    const accounts = shown
      .filter((one) => one !== victim)
      .map((one) => toAccount(one, this.content.source, fault.kind === 'unread-title'));
    if (victim === undefined || fault.kind !== 'rejects') return { accounts, rejected: [] };
    const named = fault.isNamed ? { id: asExternalId(victim.id) } : {};
    return { accounts, rejected: [{ kind: 'account', ...named, label: victim.login, because: 'undecodable' }] };
  }

  /** Two pages per group when it has many members: chunks, and the closure with the last. */
  *#edges(group: Group, relation: 'member' | 'manages', isPart: boolean): Generator<ReadPage> {
    const members = [...(relation === 'member' ? group.members : group.supervisors)].map(
      (id): EdgeMember => ({ by: 'dn', value: this.#dnOf(id) }),
    );
    const sent = isPart ? members.slice(0, Math.floor(members.length / 2)) : members;
    const of = { group: asExternalId(group.id), relation } as const;
    const chunks = portions(sent, edgesPerChunk).map((some): EdgeChunk => ({ ...of, members: some }));
    for (const chunk of chunks.slice(0, -1)) yield page({ edges: [chunk] });
    const closure: GroupClosure = isPart
      ? { ...of, kind: 'partial', because: 'cut on purpose' }
      : { ...of, kind: 'complete', count: sent.length };
    yield page({ edges: chunks.slice(-1), closures: [closure] });
  }

  /** As a directory does it: a rename moves the entry, and those who swap their names swap their DNs. */
  #dnOf(id: string): string {
    const { people, groups } = this.content;
    return dnOf(people.get(id)?.login ?? groups.get(id)?.name ?? id);
  }

  #note({ accounts, groups, closures, rejected }: ReadPage): void {
    if (rejected.some(({ id }) => id === undefined)) this.log.hasNameless = true;
    for (const { id, status, expiresAt } of accounts)
      this.log.accounts.set(id, { isEnabled: status !== 'disabled', expiresAt });
    for (const { id } of groups) this.log.groups.add(id);
    for (const { group, kind, relation } of closures) {
      const of = this.content.groups.get(group);
      if (kind !== 'complete' || of === undefined) continue;
      if (relation === 'member') this.log.members.set(group, new Set(of.members));
      else this.log.supervisors.set(group, new Set(of.supervisors));
    }
  }
}

const dnOf = (name: string): string => `CN=${name},DC=office,DC=test`;

const emptyPage: ReadPage = { accounts: [], groups: [], edges: [], closures: [], gone: [], rejected: [] };
const page = (parts: Partial<ReadPage>): ReadPage => ({ ...emptyPage, ...parts });

function portions<Item>(items: readonly Item[], size: number): Item[][] {
  const found: Item[][] = [];
  for (let start = 0; start < items.length; start += size) found.push(items.slice(start, start + size));
  return found;
}

function toAccount(person: Person, source: SourceName, isTitleUnread: boolean): SourceAccount {
  const list = (value: string | undefined): string[] => (value === undefined ? [] : [value]);
  return {
    id: asExternalId(person.id),
    name: person.login,
    dn: dnOf(person.login),
    status: !hasStatus(source) ? 'unknown' : person.isEnabled ? 'enabled' : 'disabled',
    ...(person.expiresAt === undefined || !hasStatus(source) ? {} : { expiresAt: asEpochMs(person.expiresAt) }),
    attributes: {
      samaccountname: [person.login],
      mail: list(person.mail),
      ipphone: list(person.extension),
      givenname: [],
      sn: [],
      displayname: [],
      cn: [],
      telephonenumber: [],
      mobile: [],
      description: [],
      department: [],
      physicaldeliveryofficename: [],
      l: [],
      company: [],
      employeeid: [],
      employeenumber: [],
      ...(isTitleUnread ? {} : { title: list(person.title) }),
    },
    unread: isTitleUnread ? ['title'] : [],
  };
}

const toGroup = (group: Group): SourceGroup => ({
  id: asExternalId(group.id),
  name: group.name,
  dn: dnOf(group.name),
  attributes: {},
  unread: [],
});

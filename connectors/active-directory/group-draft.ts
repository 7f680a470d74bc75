// A page of groups and edges while it is filled.
// Invariant: no chunk and no page is larger than the contract allows, however many members a group has.

import type { EdgeChunk, GroupClosure, ReadPage, RejectedRecord } from '../../src/connector.ts';
import type { EdgeMember, SourceGroup } from '../../src/model/group.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import type { Tally } from './tally.ts';

const maxChunk = 5_000;
const maxEdgesPerPage = 20_000;

/** Collects a page of groups and edges. */
export class GroupDraft {
  readonly #tally: Tally;
  #groups: SourceGroup[] = [];
  #edges: EdgeChunk[] = [];
  #closures: GroupClosure[] = [];
  #rejected: RejectedRecord[] = [];
  #edgeCount = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  get isEmpty(): boolean {
    return this.#groups.length + this.#edges.length + this.#closures.length + this.#rejected.length === 0;
  }

  group(group: SourceGroup): void {
    this.#tally.groups += 1;
    this.#groups.push(group);
  }

  reject(rejected: RejectedRecord): void {
    this.#tally.rejected += 1;
    if (rejected.id === undefined) this.#tally.doubt(`a group without a readable id: ${rejected.label}`);
    this.#rejected.push(rejected);
  }

  close(closure: GroupClosure): void {
    this.#closures.push(closure);
  }

  /** Adds edges and yields the pages that become full. */
  *members(group: ExternalId, members: readonly EdgeMember[]): Generator<ReadPage, void, void> {
    for (let from = 0; from < members.length; from += maxChunk) {
      const chunk = members.length <= maxChunk ? members : members.slice(from, from + maxChunk);
      if (this.#edgeCount > 0 && this.#edgeCount + chunk.length > maxEdgesPerPage) yield this.take();
      this.#edges.push({ group, relation: 'member', members: chunk });
      this.#edgeCount += chunk.length;
      this.#tally.edges += chunk.length;
    }
  }

  take(): ReadPage {
    const page = {
      accounts: [],
      groups: this.#groups,
      edges: this.#edges,
      closures: this.#closures,
      gone: [],
      rejected: this.#rejected,
    };
    this.#groups = [];
    this.#edges = [];
    this.#closures = [];
    this.#rejected = [];
    this.#edgeCount = 0;
    return page;
  }
}

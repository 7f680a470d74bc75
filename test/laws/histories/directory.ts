// The source of a history as it really is: people and groups, and which of them a read would show. Plain data, changed by steps.
// The same person has an account of its own in each source; what they share is the login or the address.
// Invariant: an id is given once and never again, as in Active Directory; what left can come back under its own id only.

import type { SourceName } from '../../../src/model/ids.ts';

export interface Person {
  readonly id: string;
  login: string;
  mail: string | undefined;
  title: string | undefined;
  extension: string | undefined;
  isEnabled: boolean;
  expiresAt: number | undefined;
  /** `gone`: deleted. `hidden`: it exists, and the filter does not take it. */
  place: 'there' | 'hidden' | 'gone';
}

export interface Group {
  readonly id: string;
  name: string;
  /** Ids of people and of groups. */
  readonly members: Set<string>;
  /** Ids of people who supervise it; only where the source has such a notion. */
  readonly supervisors: Set<string>;
}

/** The group whose members, nested ones too, get a role. */
export const leadsName = 'Leads';

export class DirectoryContent {
  readonly source: SourceName;
  readonly people = new Map<string, Person>();
  readonly groups = new Map<string, Group>();
  /** A narrow scope takes only every second person. */
  isNarrow = false;
  /** Every login and address with the ids that have ever had it, folded. */
  readonly everHeld = new Map<string, Set<string>>();
  #next = 1;

  constructor(source: SourceName) {
    this.source = source;
  }

  hire(login?: string, mail?: string): Person {
    const number = this.#next++;
    const name = login ?? `${this.source}${number}`;
    const person: Person = {
      id: `${this.source}-id-${String(number).padStart(4, '0')}`,
      login: name,
      mail: mail ?? `${name}.${number}@office.test`,
      title: undefined,
      extension: undefined,
      isEnabled: true,
      expiresAt: undefined,
      place: 'there',
    };
    this.people.set(person.id, person);
    this.noteNames(person);
    return person;
  }

  addGroup(name?: string): Group {
    const number = this.#next++;
    const group: Group = {
      id: `${this.source}-group-${String(number).padStart(4, '0')}`,
      name: name ?? `Team ${number}`,
      members: new Set(),
      supervisors: new Set(),
    };
    this.groups.set(group.id, group);
    return group;
  }

  freshName(): string {
    return `${this.source}${this.#next++}`;
  }

  noteNames(person: Person): void {
    for (const value of [person.login, person.mail]) {
      if (value === undefined) continue;
      const key = value.toLowerCase();
      this.everHeld.set(key, (this.everHeld.get(key) ?? new Set()).add(person.id));
    }
  }

  /** Whether somebody else has the login now: a directory refuses that. */
  isLoginTaken(login: string, but?: string): boolean {
    return [...this.people.values()].some(
      (one) => one.id !== but && one.place !== 'gone' && one.login.toLowerCase() === login.toLowerCase(),
    );
  }

  leave(person: Person): void {
    person.place = 'gone';
    for (const group of this.groups.values()) {
      group.members.delete(person.id);
      group.supervisors.delete(person.id);
    }
  }

  deleteGroup(group: Group): void {
    this.groups.delete(group.id);
    for (const other of this.groups.values()) other.members.delete(group.id);
  }

  /** Whether a read of everything shows this person. */
  isShown(person: Person): boolean {
    if (person.place !== 'there') return false;
    return !this.isNarrow || Number(person.id.slice(-4)) % 2 === 0;
  }

  shownPeople(): readonly Person[] {
    return [...this.people.values()].filter((person) => this.isShown(person));
  }

  /** Everybody in the group or in a group below it. */
  everybodyIn(start: Group): ReadonlySet<string> {
    const found = new Set<string>();
    const seen = new Set<string>();
    const waiting = [start];
    for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) {
      if (seen.has(group.id)) continue;
      seen.add(group.id);
      for (const member of group.members) {
        const nested = this.groups.get(member);
        if (nested === undefined) found.add(member);
        else waiting.push(nested);
      }
    }
    return found;
  }
}

/** The source that an id is of. */
export const sourceOf = (id: string): SourceName => id.slice(0, id.indexOf('-')) as SourceName;

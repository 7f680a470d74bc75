// What the daemon can know of the source, as far as it was shown: the justification of every loss.
// A run that was killed may or may not have kept what it read, so its knowledge stands beside the earlier one instead of replacing it.

import type { ReadLog } from './memory-source.ts';

/** One complete read: who was in it, and who was in which group. Groups that it could not say anything about are as before. */
export interface CompleteRead {
  readonly people: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  readonly supervisors: ReadonlyMap<string, ReadonlySet<string>>;
  /** By id: how it was answered for, and since when in a row. */
  readonly gone: ReadonlyMap<string, { readonly kind: 'absent' | 'out-of-scope'; readonly since: number }>;
}

interface Shown {
  readonly isEnabled: boolean;
  readonly expiresAt: number | undefined;
}

const nothing: CompleteRead = {
  people: new Set(),
  groups: new Set(),
  members: new Map(),
  supervisors: new Map(),
  gone: new Map(),
};

export class Knowledge {
  /** The last complete read of a run that lived comes first; those of runs that died stand behind it. */
  readonly complete: readonly CompleteRead[];
  readonly #shown: ReadonlyMap<string, readonly Shown[]>;

  constructor(complete: readonly CompleteRead[] = [], shown: ReadonlyMap<string, readonly Shown[]> = new Map()) {
    this.complete = complete;
    this.#shown = shown;
  }

  isDisabled(person: string, now: number): boolean {
    return (this.#shown.get(person) ?? []).some(
      ({ isEnabled, expiresAt }) => !isEnabled || (expiresAt !== undefined && expiresAt <= now),
    );
  }

  /** A complete read has shown that the record left; one that is only out of scope acts a day later. */
  isGone(id: string, now: number, among: readonly CompleteRead[], graceMs: number): boolean {
    return among.some(({ gone }) => {
      const one = gone.get(id);
      return one !== undefined && (one.kind === 'absent' || now >= one.since + graceMs);
    });
  }

  /** Both were there, and the group was read whole without the person. */
  isOut(
    person: string,
    group: string,
    among: readonly CompleteRead[],
    list: 'members' | 'supervisors' = 'members',
  ): boolean {
    return among.some(
      (read) => read.people.has(person) && read.groups.has(group) && read[list].get(group)?.has(person) === false,
    );
  }

  /**
   * No way led from the group of the role to the person: the person was there, or a group on the way has gone, which withdraws what
   * it gave from whoever had it by it (design, section 4, "When absence acts").
   */
  isOutOfLeads(
    person: string,
    leads: string,
    among: readonly CompleteRead[],
    isGoneGroup: (id: string) => boolean,
  ): boolean {
    return among.some(
      (read) =>
        !isBelow(read, leads, person) &&
        (read.people.has(person) || [...read.gone.keys()].some((id) => isGoneGroup(id))),
    );
  }

  /** Whether the daemon may take this read for complete. */
  static isComplete(log: ReadLog): boolean {
    return log.saysComplete && !log.hasNameless && ![...log.answers.values()].includes('present');
  }

  after(
    log: ReadLog,
    how: { readonly isComplete: boolean; readonly hasDied: boolean; readonly now: number },
  ): Knowledge {
    const shown = new Map(this.#shown);
    for (const [id, state] of log.accounts) shown.set(id, how.hasDied ? [...(shown.get(id) ?? []), state] : [state]);
    if (!how.isComplete) {
      // A record that was shown is there again, also for a run that has read only a part.
      const complete = how.hasDied ? this.complete : this.complete.map((read) => returned(read, log));
      return new Knowledge(complete, shown);
    }
    const read = completeRead(this.complete, log, how.now);
    return new Knowledge(how.hasDied ? [...this.complete, read] : [read, ...this.#ofUnseen(read)], shown);
  }

  /** What earlier reads have said of people whom this one did not see is not taken back by it. */
  #ofUnseen(last: CompleteRead): readonly CompleteRead[] {
    return this.complete.flatMap((read) => {
      const people = new Set([...read.people].filter((id) => !last.people.has(id)));
      return people.size === 0 ? [] : [{ ...read, people, gone: last.gone }];
    });
  }
}

function returned(read: CompleteRead, log: ReadLog): CompleteRead {
  return { ...read, gone: new Map([...read.gone].filter(([id]) => !log.accounts.has(id) && !log.groups.has(id))) };
}

function completeRead(known: readonly CompleteRead[], log: ReadLog, now: number): CompleteRead {
  const before = known[0] ?? nothing;
  // What has once been answered is not asked again, also when the run that asked has died since.
  const gone = new Map(known.toReversed().flatMap((read) => [...read.gone]));
  for (const id of [...log.accounts.keys(), ...log.groups]) gone.delete(id);
  for (const [id, kind] of log.answers) {
    if (kind !== 'absent' && kind !== 'out-of-scope') continue;
    const known = gone.get(id);
    gone.set(id, { kind, since: known?.kind === kind ? known.since : now });
  }
  const members = new Map(before.members);
  for (const [group, list] of log.members) members.set(group, list);
  const supervisors = new Map([...before.supervisors, ...log.supervisors]);
  for (const id of gone.keys()) {
    members.delete(id);
    supervisors.delete(id);
  }
  return { people: new Set(log.accounts.keys()), groups: log.groups, members, supervisors, gone };
}

function isBelow(read: CompleteRead, group: string, person: string, seen = new Set<string>()): boolean {
  if (seen.has(group)) return false;
  seen.add(group);
  const members = read.members.get(group) ?? new Set();
  return members.has(person) || [...members].some((one) => read.members.has(one) && isBelow(read, one, person, seen));
}

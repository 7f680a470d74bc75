// One rich office for the crash tests, with a contact centre in which half of the people work too, its situations, and what is
// compared after a process has died in one of them.

import type { SourceName } from '../../../src/model/ids.ts';
import type { Location } from '../../../src/store/clients.ts';
import { usersOf } from '../../integration/sync-pictures.ts';
import { DirectoryContent, leadsName, type Person } from './directory.ts';
import { type Death, Installation, minuteMs } from './installation.ts';
import { cce, hq } from './office.ts';
import { entriesSince, type Picture, pictureOf, unexplained } from './picture.ts';

/** Nothing is in the store. */
const nobody: Picture = { users: [], facts: new Map(), teams: [], fed: new Map(), ids: new Map(), seq: 0 };

export class Office {
  readonly at: Installation;
  readonly content: DirectoryContent;
  readonly centre: DirectoryContent;
  readonly people: readonly Person[];

  private constructor(
    at: Installation,
    content: DirectoryContent,
    centre: DirectoryContent,
    people: readonly Person[],
  ) {
    this.at = at;
    this.content = content;
    this.centre = centre;
    this.people = people;
  }

  /** Twelve people in nested groups, with names and titles, six of them agents of two teams; nothing has been read. */
  static async open(location?: Location): Promise<Office> {
    const content = new DirectoryContent(hq);
    const people = Array.from({ length: 12 }, () => content.hire());
    const leads = content.addGroup(leadsName);
    const teams = [content.addGroup('Claims'), content.addGroup('Sales'), content.addGroup('Night shift')];
    for (const [index, person] of people.entries()) {
      person.title = index % 3 === 0 ? 'Coach' : 'Agent';
      teams[index % 2]?.members.add(person.id);
    }
    for (const { id } of people.slice(0, 4)) teams[2]?.members.add(id);
    leads.members.add(teams[2]?.id ?? '').add(people[5]?.id ?? '');
    const centre = new DirectoryContent(cce);
    const shared = [centre.addGroup('Sales'), centre.addGroup('Hotline')];
    for (const [index, { login, mail }] of people.slice(0, 6).entries()) {
      const agent = centre.hire(login, mail);
      shared[index % 2]?.members.add(agent.id);
      if (index < 2) shared[index]?.supervisors.add(agent.id);
    }
    shared[1]?.members.add(centre.hire('night.agent').id);
    return new Office(await Installation.open([content, centre], location), content, centre, people);
  }

  close(): Promise<void> {
    return this.at.close();
  }

  async run(death?: Death, source: SourceName = hq): Promise<string> {
    this.at.now = (this.at.now + minuteMs) as typeof this.at.now;
    const { run } = await this.at.run(source, { kind: 'none' }, death === undefined ? {} : { death });
    return run?.state ?? 'died';
  }

  /** Changes of every kind: new and renamed people, swapped names, moved members, and four leavers, whom the guard holds. */
  change(): void {
    const { content, people } = this;
    const [claims, sales, night] = ['Claims', 'Sales', 'Night shift'].map((name) =>
      [...content.groups.values()].find((group) => group.name === name),
    );
    const by = (index: number): Person => people[index] as Person;
    [by(0).login, by(1).login] = [by(1).login, by(0).login];
    by(2).login = 'renamed';
    by(3).title = undefined;
    by(4).mail = 'other@office.test';
    night?.members.delete(by(3).id);
    claims?.members.delete(by(4).id);
    sales?.members.add(by(4).id);
    for (const index of [8, 9, 10]) content.leave(by(index));
    by(11).isEnabled = false;
    const added = content.addGroup('Day shift');
    added.members.add(content.hire().id).add(by(5).id);
  }

  /** In the contact centre: renamed, moved, promoted, no agent any more, and somebody new. */
  changeCentre(): void {
    const { centre } = this;
    const [one, two, three, four] = [...centre.people.values()];
    const [sales, hotline] = [...centre.groups.values()];
    if (one === undefined || two === undefined || three === undefined || four === undefined) return;
    [one.login, two.login] = [two.login, one.login];
    sales?.members.delete(three.id);
    hotline?.members.add(three.id);
    hotline?.supervisors.add(three.id);
    sales?.supervisors.delete(one.id);
    centre.leave(four);
    sales?.members.add(centre.hire().id);
  }

  /** Approves what the newest run holds. */
  async approve(death?: Death, source: SourceName = hq): Promise<string> {
    const [held] = await this.at.store.read.runs({ limit: 1, states: ['held'], kind: 'real', source });
    if (held === undefined) return 'nothing held';
    return (await this.at.approve(held.id, death))?.state ?? 'died';
  }

  /** Users without their numbers, and how often the log tells of each: what a death may not change. */
  async state(): Promise<unknown> {
    const users = Object.values(await usersOf(this.at.store)).map(({ id: _, ...user }) => JSON.stringify(user));
    const entries = await entriesSince(this.at, 0);
    const findings = await this.at.store.core.read.all<{ line: string }>(
      `SELECT code || ' ' || label AS line FROM findings WHERE closed_at IS NULL ORDER BY line`,
    );
    return {
      users: users.sort(),
      entries: entries.map(({ action, label }) => `${action} ${label}`).sort(),
      findings: findings.map(({ line }) => line),
      held: (await this.at.store.read.runs({ limit: 1, kind: 'real' })).map(
        ({ state, counts }) => `${state} ${counts.held}`,
      ),
    };
  }

  /** What is wrong however the process died: entries and users that do not tell the same, open runs, held leases, a broken log. */
  async faults(): Promise<string[]> {
    const { at } = this;
    const picture = await pictureOf(at);
    const open = await at.store.read.runs({ limit: 100, states: ['reading', 'planning', 'applying', 'verifying'] });
    const verdict = await at.store.verifyAudit();
    return [
      ...[unexplained(nobody, await entriesSince(at, 0), picture)].flatMap((one) => one ?? []),
      ...open.map(({ id, state }) => `run ${id} is still ${state}`),
      ...(await at.heldLeases()).map((name) => `the lease ${name} is still held`),
      ...(verdict.ok ? [] : [verdict.message]),
    ];
  }
}

export interface Situation {
  readonly name: string;
  /** Brings the office there. */
  prepare(office: Office): Promise<void>;
  /** What may die. */
  act(office: Office, death?: Death): Promise<string>;
  /** What comes afterwards, whether or not it died. */
  goOn(office: Office): Promise<void>;
}

async function firstRun(office: Office): Promise<void> {
  await office.run();
}

async function heldRun(office: Office): Promise<void> {
  await firstRun(office);
  office.change();
  await office.run();
}

/** The contact centre runs, somebody approves what it holds, and the directory has the last word. */
async function approveCentre(office: Office): Promise<void> {
  await office.run(undefined, cce);
  await office.run(undefined, cce);
  await office.approve(undefined, cce);
  await office.run(undefined, cce);
  await office.run();
}

/** The next run, which resumes or starts again; a person who was not heard decides again. */
async function runAndApprove(office: Office): Promise<void> {
  await office.run();
  await office.approve();
  await office.run();
}

/** With its verdict and nothing applied: its plan waits in `applying`. */
async function dieBeforeApplying(office: Office): Promise<void> {
  await office.run({ at: 'applying', isCommitted: false });
  const [run] = await office.at.store.read.runs({ limit: 1, kind: 'real' });
  if (run?.state !== 'applying') throw new Error(`the run died in ${run?.state}`);
}

export const situations: readonly Situation[] = [
  { name: 'a first import', prepare: async () => {}, act: (office, death) => office.run(death), goOn: firstRun },
  {
    name: 'a run with changes, losses and a hold',
    async prepare(office) {
      await firstRun(office);
      office.change();
    },
    act: (office, death) => office.run(death),
    goOn: firstRun,
  },
  { name: 'an approval', prepare: heldRun, act: (office, death) => office.approve(death), goOn: runAndApprove },
  {
    name: 'the first run of a second source',
    prepare: firstRun,
    act: (office, death) => office.run(death, cce),
    goOn: approveCentre,
  },
  {
    name: 'an approval that links the people of two sources',
    async prepare(office) {
      await firstRun(office);
      await office.run(undefined, cce);
      await office.run(undefined, cce);
    },
    act: (office, death) => office.approve(death, cce),
    goOn: approveCentre,
  },
  {
    name: 'a run of a second source with changes, after one of the first',
    async prepare(office) {
      await firstRun(office);
      await approveCentre(office);
      office.change();
      await office.run();
      office.changeCentre();
    },
    act: (office, death) => office.run(death, cce),
    goOn: approveCentre,
  },
  {
    name: 'a run that resumes another',
    async prepare(office) {
      await firstRun(office);
      office.change();
      await dieBeforeApplying(office);
    },
    act: (office, death) => office.run(death),
    goOn: firstRun,
  },
];

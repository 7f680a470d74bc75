// Lives through one history: takes step after step in the source, in the installation and in the plain model, and asks after each
// whether everything is still true. Throws with the whole history in sentences when something is not.

import type { AuditRecord } from '../../../src/admin/ports.ts';
import { RosterdError } from '../../../src/model/errors.ts';
import { asEpochMs, type SourceName } from '../../../src/model/ids.ts';
import type { Run } from '../../../src/model/run.ts';
import { DirectoryContent, leadsName, sourceOf } from './directory.ts';
import { hourMs, Installation, minuteMs } from './installation.ts';
import { Knowledge } from './knowledge.ts';
import { officeSources } from './office.ts';
import { LocalModel, takePeopleStep } from './people.ts';
import {
  differences,
  entriesSince,
  type Picture,
  pictureOf,
  sayDifferences,
  teamFeedings,
  unexplained,
} from './picture.ts';
import { settle, waitingNow, wrongLastRun, wrongUsers } from './settled.ts';
import { takeSourceStep } from './source-steps.ts';
import { type ActStep, type RunStep, type Step, sayStep } from './steps.ts';
import { AccessLosses, type Sight, wrongChanges, wrongLocals, wrongMainTeams } from './truths.ts';

const openStates = ['reading', 'planning', 'applying', 'verifying'] as const;

/** Another set would be held by now, or somebody has decided before. */
const refusals: ReadonlySet<string> = new Set(['plan-superseded', 'nothing-held', 'sync-paused']);

const sourceAt = (pick: number): SourceName => officeSources[pick % officeSources.length] as SourceName;

export class History {
  readonly contents: readonly DirectoryContent[];
  readonly model = new LocalModel();
  readonly lines: string[] = [];
  readonly at: Installation;
  /** The latest moment that the clock has ever shown. */
  #latest = 0;
  readonly #known = new Map<SourceName, Knowledge>();
  #picture: Picture;
  readonly #losses = new AccessLosses();
  readonly #everFed = new Map<number, Set<string>>();
  readonly #leads: string;

  private constructor(contents: readonly DirectoryContent[], at: Installation, picture: Picture, leads: string) {
    this.contents = contents;
    this.at = at;
    this.#picture = picture;
    this.#leads = leads;
  }

  /** An office with some people in three groups, some of whom work in the contact centres; nothing has been read yet. */
  static async begin(): Promise<History> {
    const [directory, ...centres] = officeSources.map((source) => new DirectoryContent(source));
    if (directory === undefined) throw new Error('an office has a directory');
    const people = Array.from({ length: 6 }, () => directory.hire());
    const leads = directory.addGroup(leadsName);
    const [one, two] = [directory.addGroup(), directory.addGroup('Sales')];
    for (const [index, { id }] of people.entries()) (index % 2 === 0 ? one : two).members.add(id);
    leads.members.add(people[0]?.id ?? '');
    for (const [index, centre] of centres.entries()) {
      const agents = people.slice(index, index + 4).map(({ login, mail }) => centre.hire(login, mail));
      const teams = [centre.addGroup('Sales'), centre.addGroup()];
      for (const [number, { id }] of [...agents, centre.hire()].entries()) {
        teams[number % 2]?.members.add(id);
        if (number === 0) teams[0]?.supervisors.add(id);
      }
    }
    const contents = [directory, ...centres];
    const at = await Installation.open(contents);
    return new History(contents, at, await pictureOf(at), leads.id);
  }

  async live(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.take(step);
  }

  async take(step: Step): Promise<void> {
    const line = `${this.lines.length + 1}. ${sayStep(step)}`;
    this.lines.push(line);
    const became = await this.#does(step);
    this.lines[this.lines.length - 1] = `${line}: ${became}`;
    await this.#check([]);
  }

  async #does(step: Step): Promise<string> {
    switch (step.do) {
      case 'run':
        return this.#sayRun(await this.#run(step));
      case 'dry-run':
      case 'restart':
        return this.#quiet(step);
      case 'clock':
        this.at.now = asEpochMs(this.at.now + step.byMs);
        return new Date(this.at.now).toISOString();
      case 'approve':
        return this.#decide((id) => this.at.approve(id, step.death));
      case 'reject': {
        const until = step.hours === undefined ? undefined : asEpochMs(this.at.now + step.hours * hourMs);
        return this.#decide((id) => this.at.reject(id, until));
      }
      case 'sync-off':
      case 'sync-on':
      case 'hand-disable':
      case 'hand-enable':
      case 'pin-title':
      case 'pin-enabled':
      case 'pin-team':
      case 'pin-grant':
      case 'pin-main':
      case 'unpin':
      case 'set-attribute':
      case 'pause':
      case 'unpause':
      case 'create-user':
      case 'link':
        return takePeopleStep(this.#hands(), step);
      default: {
        const content = this.at.contentOf(sourceAt(step.in));
        const others = this.contents.filter((other) => other !== content);
        return takeSourceStep(content, step, this.at.now, others) ? 'done' : 'nothing to do';
      }
    }
  }

  async #run({ in: which, fault, death, meanwhile }: Extract<Step, { readonly do: 'run' }>): Promise<Run | undefined> {
    // No two runs begin in the same moment.
    this.at.now = asEpochMs(this.at.now + minuteMs);
    const act = async (step: ActStep): Promise<void> => void (await takePeopleStep(this.#hands(), step));
    const source = sourceAt(which);
    const { run, log } = await this.at.run(source, fault, {
      ...(death === undefined ? {} : { death }),
      ...(meanwhile === undefined ? {} : { meanwhile: { at: meanwhile.at, act: () => act(meanwhile.step) } }),
    });
    const isComplete = Knowledge.isComplete(log);
    const before = new Map(this.#known);
    const last = this.#knownOf(source);
    this.#known.set(source, last.after(log, { isComplete, hasDied: run === undefined, now: this.at.now }));
    const wrong = await this.#checkChanges(source, before, isComplete, meanwhile?.step);
    if (run !== undefined) wrong.push(...(await this.#wrongEnd(source, run, isComplete)));
    await this.#check(wrong);
    return run;
  }

  #knownOf(source: SourceName, known: ReadonlyMap<SourceName, Knowledge> = this.#known): Knowledge {
    return known.get(source) ?? new Knowledge();
  }

  async #wrongEnd(source: SourceName, run: Run, isComplete: boolean): Promise<string[]> {
    const isPaused = this.model.isPaused(source, this.at.now);
    const states: readonly Run['state'][] = isComplete
      ? isPaused
        ? ['paused']
        : ['done', 'held']
      : ['partial', 'failed', 'paused'];
    const open = await this.at.store.read.runs({ limit: 100, states: openStates });
    // A run that could not read reconciles nothing: a lease that a dead process left is taken over by the first that wants it.
    // Nor does one that is paused, and what was being applied waits for the end of the pause.
    // The lease of another source is its own run's to take over.
    const isTaken = (name: string): boolean =>
      name === `source:${source}` || (name === 'reconcile' && !(run.state === 'failed' || run.state === 'paused'));
    const isWaiting = ({ state }: Run): boolean => isPaused && (state === 'applying' || state === 'verifying');
    return [
      ...(states.includes(run.state)
        ? []
        : [`a read that is ${isComplete ? '' : 'not '}complete ends as ${run.state}: ${run.because}`]),
      ...open
        .filter((one) => one.source === source && !isWaiting(one))
        .map((one) => `run ${one.id} is still ${one.state}`),
      ...(await this.at.heldLeases()).filter(isTaken).map((name) => `the lease ${name} is still held`),
    ];
  }

  #sayRun(run: Run | undefined): string {
    const { transactions } = this.at;
    if (run === undefined) return `the process died at transaction ${transactions}`;
    const { planned, applied, held } = run.counts;
    return `run ${run.id} ${run.state}, ${planned} planned, ${applied} applied, ${held} held, ${transactions} transactions`;
  }

  async #quiet(step: RunStep): Promise<string> {
    if (step.do === 'restart') await this.at.restart();
    else await this.at.run(sourceAt(step.in), { kind: 'none' }, { intent: 'plan' });
    const moved = differences(this.#picture.facts, (await pictureOf(this.at)).facts);
    if (moved.length > 0) await this.#check([`it changes users: ${sayDifferences(moved)}`]);
    return 'done';
  }

  #hands(): Parameters<typeof takePeopleStep>[0] {
    return { at: this.at, contents: this.contents, model: this.model, picture: this.#picture };
  }

  /** A decision on what a run holds; the newest that holds anything unless one is given. */
  async #decide(act: (id: number) => Promise<unknown>, given?: Run): Promise<string> {
    const [held] =
      given === undefined ? await this.at.store.read.runs({ limit: 1, states: ['held'], kind: 'real' }) : [given];
    if (held === undefined) return 'nothing to do';
    let became = 'done';
    try {
      if ((await act(held.id)) === undefined)
        became = `the process may have died, ${this.at.transactions} transactions`;
    } catch (error) {
      if (!(error instanceof RosterdError) || !refusals.has(error.code)) throw error;
      became = error.code;
    }
    await this.#check(await this.#checkChanges(held.source, this.#known, true));
    return `run ${held.id}, ${became}`;
  }

  /** Of a user who was edited meanwhile nobody can say what the run did before, and what the person. */
  async #checkChanges(
    source: SourceName,
    before: ReadonlyMap<SourceName, Knowledge>,
    isComplete: boolean,
    act?: ActStep,
  ): Promise<string[]> {
    const after = await pictureOf(this.at);
    this.#noteFeeding(after, await entriesSince(this.at, this.#picture.seq));
    const sight: Sight = {
      known: (id) => this.#knownOf(sourceOf(id), before),
      knownAfter: (id) => this.#knownOf(sourceOf(id)),
      decided: (id) => {
        const { complete } = this.#knownOf(sourceOf(id), before);
        return isComplete ? [...complete, ...this.#knownOf(sourceOf(id)).complete] : complete;
      },
    };
    const { model, at } = this;
    const facts = { before: this.#picture, after, model, now: at.now, leads: this.#leads, everFed: this.#everFed };
    const { users } = this.#picture;
    const edited = act !== undefined && 'user' in act ? users[act.user % Math.max(1, users.length)]?.id : undefined;
    return wrongChanges({ ...facts, source, sight, edited });
  }

  /** A run that resumes another may create a team and find its group gone: only the log tells which group it was. */
  #noteFeeding(after: Picture, entries: readonly AuditRecord[]): void {
    const created = entries.flatMap((entry) =>
      teamFeedings(entry).flatMap((group): [string, number][] => {
        const team = after.teams.find(({ id, name }) => entry.subject === `team:${id}` || name === entry.label);
        return team === undefined ? [] : [[group, team.id]];
      }),
    );
    for (const [group, team] of [...this.#picture.fed, ...after.fed, ...created])
      this.#everFed.set(team, (this.#everFed.get(team) ?? new Set()).add(group));
  }

  /** What must hold after every step; then the step is over. */
  async #check(wrong: readonly string[]): Promise<void> {
    this.#latest = Math.max(this.#latest, this.at.now);
    const before = this.#picture;
    const after = await pictureOf(this.at);
    const entries = await entriesSince(this.at, before.seq);
    const all = [
      ...wrong,
      ...[unexplained(before, entries, after)].flatMap((one) => one ?? []),
      ...wrongMainTeams(after),
      ...wrongLocals(after, this.model, this.at.now),
      ...this.#losses.take(entries, after.users.length),
    ];
    this.#picture = after;
    if (all.length > 0) throw new Error(all.join('\n'));
  }

  /**
   * The end: everything is settled, and again a day later. That day counts from the latest moment ever: a grace that began under a
   * clock that was ahead ends by that clock, which makes it longer and never shorter.
   */
  async end(turn: number): Promise<{ readonly users: number; readonly disputed: number }> {
    for (const index of officeSources.keys()) await this.take({ do: 'unpause', in: index });
    // Whichever source comes first, the end is the same: what it should be is said without asking for the order.
    const order = [...officeSources.slice(turn), ...officeSources.slice(0, turn)];
    if (turn === 0) order.reverse();
    for (const isLater of [false, true]) {
      if (isLater) this.at.now = asEpochMs(Math.max(this.at.now, this.#latest) + 26 * hourMs);
      this.lines.push(`settling${isLater ? ', a day later' : ''}, ${new Date(this.at.now).toISOString()}`);
      const wrong = await settle({
        order,
        run: async (source) => {
          const run = await this.#run({ do: 'run', in: officeSources.indexOf(source), fault: { kind: 'none' } });
          this.lines.push(`  ${source}: ${this.#sayRun(run)}`);
          return run;
        },
        release: async (run) => {
          const became = await this.#decide((id) => this.at.approve(id), run);
          this.lines.push(`  approve ${became}`);
        },
      });
      for (const source of order) wrong.push(...(await wrongLastRun(this.at, source)));
      await this.#check(wrong);
    }
    const waiting = await waitingNow(this.at);
    const { at, contents, model } = this;
    const verdict = await at.store.verifyAudit();
    await this.#check([
      ...wrongUsers({ at, contents, model, picture: this.#picture, waiting }),
      ...(verdict.ok ? [] : [`the audit log is broken: ${verdict.message}`]),
    ]);
    return { users: this.#picture.users.length, disputed: waiting.bySubject.size };
  }
}

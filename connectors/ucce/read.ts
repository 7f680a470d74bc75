// A full read: all agents, then all teams where they may be read, then the teams with their edges, then exactly one outcome.
// Invariant: `complete` needs a full view, as many different agents as every page stated, none that vanished meanwhile, all witnesses.
// Memory stays flat: one page at a time; of what was read only ids and edges are kept.

import type { ReadEvent, ReadOutcome, ReadPage, ReadRequest, RejectedRecord } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { type HttpSession, openHttpSession } from '../http-source.ts';
import { interruptedError } from '../network-failures.ts';
import type { XmlElement } from '../xml-document.ts';
import { agentAttributes, decodeAgent } from './agent.ts';
import { agentList, agentQuery, type ListPage, readList, teamList } from './list.ts';
import { unknownAmong } from './reference.ts';
import type { UcceSource } from './source.ts';
import { Tally } from './tally.ts';
import { decodeTeam } from './team.ts';
import { TeamBook } from './team-book.ts';
import { teamAttributes, teamPages } from './team-pages.ts';
import { isSameView, narrownessOf, type View } from './view.ts';

/** Throws RosterdError as long as nothing was read; afterwards every failure is a partial outcome that names its code. */
export async function* read(
  source: UcceSource,
  request: ReadRequest,
  signal: AbortSignal,
): AsyncGenerator<ReadEvent, void, void> {
  if (request.mode === 'delta') {
    yield { kind: 'outcome', outcome: { kind: 'resync-required', because: 'this connector reads in full only' } };
    return;
  }
  const tally = new Tally(source.settings);
  const session = await openHttpSession(source.settings.connection, signal);
  let outcome: ReadOutcome;
  try {
    outcome = yield* new Reading(source, session, tally, signal).run();
  } catch (error) {
    if (!(error instanceof RosterdError) || tally.pages === 0) throw error;
    outcome = tally.partial(`${error.code}: ${error.message}`, error.code);
  } finally {
    await session.close();
  }
  yield { kind: 'outcome', outcome };
}

/** What became of the list of teams. */
type TeamListing = 'read' | 'refused' | 'not wanted';

/** Why supervisors of a team that was not in the list may be missing. */
const unlistedFaults: Readonly<Record<TeamListing, string | undefined>> = {
  read: 'the list of teams does not have this one',
  refused: 'the list of teams was refused, and it may name supervisors whom no agent names',
  // Whoever wants no list has said that the agents decide.
  'not wanted': undefined,
};

/** One read with one session: two servers do not hold the same at the same moment. */
class Reading {
  readonly #source: UcceSource;
  readonly #session: HttpSession;
  readonly #tally: Tally;
  readonly #signal: AbortSignal;
  readonly #teams = new TeamBook();
  readonly #unknown: readonly string[];
  /** Accounts and rejected records that were handed out, over both passes. */
  readonly #sent = new Set<ExternalId>();
  /** What the present pass has seen. */
  #inScope = new Set<ExternalId>();
  #outsideCount = 0;
  #shortCount = 0;
  #highestStamp = 0;
  #view: View | 'none' | undefined;

  constructor(source: UcceSource, session: HttpSession, tally: Tally, signal: AbortSignal) {
    this.#source = source;
    this.#session = session;
    this.#tally = tally;
    this.#signal = signal;
    this.#unknown = unknownAmong(source.wanted.account, agentAttributes);
  }

  async *run(): AsyncGenerator<ReadEvent, ReadOutcome, void> {
    this.#source.teamsOfAgents = undefined;
    this.#source.view = undefined;
    const agents = yield* this.#surviving(this.#agents());
    const teams = agents instanceof RosterdError ? agents : yield* this.#surviving(this.#listedTeams());
    if (teams === 'read') this.#noteAgreement();
    this.#tally.note('teams', teams === 'read' ? 'api' : 'agents');
    yield* this.#teamPages(teams);
    if (teams instanceof RosterdError) return this.#tally.partial(`${teams.code}: ${teams.message}`, teams.code);
    const outcome = this.#tally.outcome(this.#source.identity);
    if (outcome.kind === 'complete' && teams !== 'read') {
      const ids = new Set([...this.#teams.teams(this.#source.scope)].map(({ id }) => id));
      this.#source.teamsOfAgents = { ids, list: teams };
    }
    return outcome;
  }

  /** What broke off after something was read is given back: the teams that are known by then still come. */
  async *#surviving<T>(part: AsyncGenerator<ReadEvent, T, void>): AsyncGenerator<ReadEvent, T | RosterdError, void> {
    try {
      return yield* part;
    } catch (error) {
      if (!(error instanceof RosterdError) || this.#tally.pages === 0 || this.#signal.aborted) throw error;
      return error;
    }
  }

  async *#teamPages(list: TeamListing | RosterdError): AsyncGenerator<ReadEvent, void, void> {
    const isBroken = list instanceof RosterdError;
    const broken = isBroken ? `the read broke off before its end: ${list.code}` : undefined;
    const pages = teamPages(this.#teams.teams(this.#source.scope), {
      tally: this.#tally,
      unknown: unknownAmong(this.#source.wanted.group ?? [], teamAttributes),
      faults: {
        members: broken,
        supervisors:
          this.#shortCount === 0
            ? broken
            : `${this.#shortCount} agents came in the short form, which leaves out the teams that they supervise`,
        supervisorsOfUnlisted: isBroken ? broken : unlistedFaults[list],
      },
    });
    for (const page of pages) {
      if (this.#signal.aborted) throw interruptedError(this.#signal);
      yield { kind: 'page', page };
    }
  }

  async *#agents(): AsyncGenerator<ReadEvent, void, void> {
    const query = agentQuery(this.#source.settings);
    const steps = readList(this.#session, { kind: agentList, query, refusal: 'throw' });
    for (;;) {
      const step = await steps.next();
      if (step.done === true) {
        if (step.value.kind === 'all') this.#endAgents(step.value.total, step.value.ids);
        return;
      }
      if (step.value.kind === 'again') {
        this.#tally.note('begunAgain', step.value.because);
        if (step.value.what === 'anew') this.#beginAgain();
        continue;
      }
      const { page, fresh } = step.value;
      if (this.#tally.pages === 0) this.#tally.note('server', this.#session.server ?? '');
      if (this.#tally.pages === 0 && page.serverTime !== undefined)
        yield { kind: 'opened', serverTime: page.serverTime };
      this.#tally.pages += 1;
      this.#judgeView(page);
      const read = this.#agentPage(fresh);
      if (read.accounts.length + read.rejected.length > 0) yield { kind: 'page', page: read };
    }
  }

  /** Nothing that was handed out is handed out again; teams and what counts are gathered anew. */
  #beginAgain(): void {
    this.#teams.forgetAll();
    this.#inScope = new Set();
    this.#outsideCount = 0;
    this.#shortCount = 0;
  }

  #endAgents(total: number, ids: ReadonlySet<ExternalId>): void {
    const vanished = [...this.#sent].filter((id) => !ids.has(id));
    if (vanished.length > 0) {
      this.#tally.doubt(
        `agents vanished while they were read: ${vanished.slice(0, 3).join(', ')}${vanished.length > 3 ? ', ...' : ''}`,
      );
    }
    if (this.#sent.size - vanished.length !== ids.size - this.#outsideCount) {
      this.#tally.doubt('agents left the configured departments or peripherals while they were read; read again');
    }
    this.#tally.expect(total - this.#outsideCount);
    this.#tally.note('totalResults', total);
    this.#tally.note('outOfScope', this.#outsideCount);
    this.#tally.note('highestChangeStamp', this.#highestStamp);
  }

  #judgeView({ view }: ListPage): void {
    const { settings } = this.#source;
    if (this.#view === undefined) {
      this.#tally.note('role', view === 'none' ? 'not stated' : (view.role ?? 'not stated'));
      this.#tally.note('departmentAdmin', view === 'none' ? 'not stated' : view.departmentAdmin);
      this.#tally.note('ignoreRole', settings.ignoreRole);
    } else if (!isSameView(this.#view, view)) {
      this.#tally.doubt(
        `the rights of ${settings.connection.login.user} changed while the agents were read; read again`,
      );
    }
    this.#view = view;
    this.#source.view = view;
    const narrowness = narrownessOf(view, settings);
    if (narrowness !== undefined) this.#tally.doubt(narrowness);
  }

  #agentPage(elements: readonly XmlElement[]): ReadPage {
    const accounts: SourceAccount[] = [];
    const rejected: RejectedRecord[] = [];
    for (const element of elements) {
      const decoding = decodeAgent(element, this.#unknown);
      if (decoding.kind === 'rejected') {
        if (decoding.rejected.id !== undefined && !this.#isUnsent(decoding.rejected.id)) continue;
        this.#tally.reject(decoding.rejected);
        rejected.push(decoding.rejected);
        continue;
      }
      const { agent } = decoding;
      if (this.#source.scope.outsideBecause(agent) !== undefined) {
        this.#outsideCount += 1;
        continue;
      }
      this.#inScope.add(agent.account.id);
      this.#teams.addAgent(agent);
      if (agent.isSummary) this.#shortCount += 1;
      if (agent.changeStamp > this.#highestStamp) this.#highestStamp = agent.changeStamp;
      if (!this.#isUnsent(agent.account.id)) continue;
      this.#tally.witness(agent.account.id, agent.account.name, agent.agentId);
      accounts.push(agent.account);
    }
    this.#tally.accounts += accounts.length;
    return { accounts, groups: [], edges: [], closures: [], gone: [], rejected };
  }

  #isUnsent(id: ExternalId): boolean {
    const before = this.#sent.size;
    return this.#sent.add(id).size > before;
  }

  /** Hands out only records that could not be decoded. */
  async *#listedTeams(): AsyncGenerator<ReadEvent, TeamListing, void> {
    if (this.#source.settings.teamsFrom === 'agents') return 'not wanted';
    const refusal = this.#source.settings.teamsFrom === 'auto' ? 'say' : 'throw';
    const steps = readList(this.#session, { kind: teamList, refusal });
    const rejected = new Map<string, RejectedRecord>();
    for (;;) {
      const step = await steps.next();
      if (step.done === true) {
        if (step.value.kind === 'refused') {
          this.#tally.note('teamsRefused', step.value.status);
          return 'refused';
        }
        this.#tally.note('teamsTotal', step.value.total);
        break;
      }
      if (step.value.kind === 'again') {
        this.#tally.note('teamsBegunAgain', step.value.because);
        if (step.value.what === 'rest') continue;
        this.#teams.forgetList();
        rejected.clear();
        continue;
      }
      this.#tally.pages += 1;
      for (const element of step.value.fresh) {
        const decoding = decodeTeam(element);
        if (decoding.kind === 'team') this.#teams.addTeam(decoding.team);
        else rejected.set(decoding.rejected.id ?? `nameless ${rejected.size}`, decoding.rejected);
      }
    }
    for (const record of rejected.values()) {
      this.#tally.reject(record);
      if (record.id !== undefined) this.#teams.reject(record.id);
    }
    const page = { accounts: [], groups: [], edges: [], closures: [], gone: [], rejected: [...rejected.values()] };
    if (rejected.size > 0) yield { kind: 'page', page };
    return 'read';
  }

  #noteAgreement(): void {
    const agreement = this.#teams.crossCheck(this.#inScope);
    this.#tally.note('teamsWithOtherCounts', agreement.differentCounts);
    this.#tally.note('supervisorsOfTeamOnly', agreement.supervisorsOfTeamOnly);
    this.#tally.note('supervisorsOfAgentOnly', agreement.supervisorsOfAgentOnly);
    this.#tally.note('teamsNotListed', agreement.unlisted);
  }
}

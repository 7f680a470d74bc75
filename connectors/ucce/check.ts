// `rosterd source check`: connects, and reports what an operator wants to know before the first read.

import type { CheckFact, CheckReport } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { clockFacts, connectionFacts, fact, otherServerFacts } from '../http-facts.ts';
import { type HttpSession, openHttpSession } from '../http-source.ts';
import { agentAttributes, decodeAgent } from './agent.ts';
import {
  agentList,
  agentQuery,
  basePath,
  fetchPage,
  firstPage,
  type ListPage,
  pageSize,
  teamList,
  xml,
} from './list.ts';
import { unknownAmong } from './reference.ts';
import type { UcceSource } from './source.ts';
import { Tally } from './tally.ts';
import { teamAttributes } from './team-pages.ts';
import { isSupervisor, narrownessOf, type View } from './view.ts';

const sampleSize = 3;
/** Agents that are looked at; a read looks at all of them. */
const maxSamplePages = 5;

const warning = (name: string, value: string, advice: string): CheckFact => fact(name, value, 'warning', advice);

/** Throws RosterdError when no server can be asked, or when it refuses the login. */
export async function check(source: UcceSource, signal: AbortSignal): Promise<CheckReport> {
  const { connection } = source.settings;
  const session = await openHttpSession(connection, signal);
  try {
    const first = await agentPage(session, source, 0);
    const clock = clockFacts(first.serverTime);
    const looked = await look(session, source, first);
    const facts = [
      ...connectionFacts(session, connection),
      ...(await otherServerFacts(session, connection, { path: `${basePath}/agent`, accept: xml }, signal)),
      fact('installation', source.identity),
      ...loginFacts(source, first.view),
      ...clock,
      totalFact(first, source),
      pageFact(first),
      namesFact(looked),
      ...witnessFacts(looked, first),
      ...(await teamFacts(session, source)),
      ...mappingFacts(source),
    ];
    return { facts, serverIdentity: source.identity, sample: looked.sample };
  } finally {
    await session.close();
  }
}

function agentPage(session: HttpSession, { settings }: UcceSource, start: number): Promise<ListPage> {
  return fetchPage(session, { kind: agentList, query: agentQuery(settings), refusal: 'throw' }, start);
}

function loginFacts({ settings }: UcceSource, view: View | 'none'): CheckFact[] {
  const narrowness = narrownessOf(view, settings);
  const role = view === 'none' ? 'not stated' : (view.role ?? 'not stated');
  const department = view !== 'none' && view.departmentAdmin === 'yes' ? ', of single departments' : '';
  const sees = `${settings.connection.login.user}: ${role}${department}`;
  return [
    narrowness === undefined
      ? fact('login', sees)
      : warning('login', sees, `Every read will be partial, and nobody be seen to leave: ${narrowness}.`),
    ...(narrowness === undefined && view !== 'none' && isSupervisor(view) ? [ignoreRoleFact()] : []),
    rightsFact(view),
  ];
}

const ignoreRoleFact = (): CheckFact =>
  warning(
    'ignoreRole',
    'a supervisor is shown all agents only where the server heeds ignoreRole',
    'Name some agents of other teams under witnesses, or log in with an administrator that has no department.',
  );

function rightsFact(view: View | 'none'): CheckFact {
  const mayChange = view === 'none' ? undefined : view.mayChange;
  if (mayChange === undefined) return fact('may change agents', 'cannot be known: the server does not say');
  return mayChange
    ? warning(
        'may change agents',
        'yes',
        'rosterd only reads: make the login a read-only administrator, so that a stolen password changes nothing.',
      )
    : fact('may change agents', 'no');
}

function totalFact({ total }: ListPage, { settings }: UcceSource): CheckFact {
  if (total === 0) return warning('agents', '0', 'The login sees nobody: check its role and its departments.');
  return total >= settings.expectAtLeast
    ? fact('agents', String(total))
    : warning(
        'agents',
        `${total}, and expectAtLeast is ${settings.expectAtLeast}`,
        'Every read will be partial: check what the login sees, or lower expectAtLeast.',
      );
}

function pageFact({ items, size, total }: ListPage): CheckFact {
  const given = size ?? items.length;
  if (given === pageSize || (size === undefined && items.length === total)) {
    return fact('page size', `${pageSize}, honoured`);
  }
  return warning(
    'page size',
    `${pageSize} asked for, ${given} given`,
    'A read takes what comes, with more requests; look whether a proxy or an old release limits it.',
  );
}

interface Looked {
  readonly sample: readonly SourceAccount[];
  readonly agents: number;
  readonly withoutUserName: number;
  readonly undecodable: number;
  readonly outside: number;
  readonly missing: readonly string[] | 'none wanted';
}

/** The first agents, and more of them while the configuration takes none. */
async function look(session: HttpSession, source: UcceSource, first: ListPage): Promise<Looked> {
  const sample: SourceAccount[] = [];
  let [agents, withoutUserName, undecodable, outside] = [0, 0, 0, 0];
  const tally = new Tally(source.settings);
  let page = first;
  for (let pages = 1; ; pages += 1) {
    for (const element of page.items) {
      const decoding = decodeAgent(element, []);
      if (decoding.kind === 'rejected') {
        undecodable += 1;
        continue;
      }
      const { agent } = decoding;
      if (source.scope.outsideBecause(agent) !== undefined) {
        outside += 1;
        continue;
      }
      tally.witness(agent.account.id, agent.account.name, agent.agentId);
      if (agent.account.attributes['username']?.length !== 1) withoutUserName += 1;
      if (sample.length < sampleSize) sample.push(agent.account);
    }
    agents += page.items.length;
    const isEnough = sample.length > 0 && tally.missing.length === 0;
    if (isEnough || page.items.length === 0 || agents >= first.total || pages === maxSamplePages) break;
    page = await agentPage(session, source, agents);
  }
  const missing = source.settings.witnesses.length === 0 ? 'none wanted' : tally.missing;
  return { sample, agents, withoutUserName, undecodable, outside, missing };
}

function namesFact({ agents, withoutUserName, undecodable, outside, sample }: Looked): CheckFact {
  const parts = [
    `${withoutUserName} without a user name`,
    `${undecodable} not decodable`,
    ...(outside === 0 ? [] : [`${outside} outside of agents.departments and agents.peripherals`]),
  ];
  const value = `${parts.join(', ')}, of the first ${agents}`;
  if (agents > 0 && sample.length === 0) {
    return warning('agents looked at', value, 'Nobody is taken: check agents.departments and agents.peripherals.');
  }
  return withoutUserName + undecodable === 0
    ? fact('agents looked at', value)
    : warning('agents looked at', value, 'Such agents are not matched by user name: complete them in UCCE.');
}

/** A read looks at all agents; what is missing among the first ones may only come later. */
function witnessFacts({ agents, missing }: Looked, { total }: ListPage): CheckFact[] {
  if (missing === 'none wanted') return [];
  if (missing.length === 0) return [fact('witnesses', 'all came')];
  const value = `not among the first ${agents} of ${total} agents: ${missing.join(', ')}`;
  return agents < total
    ? [fact('witnesses', value)]
    : [
        warning(
          'witnesses',
          value,
          'Every read will be partial: the login does not see everybody, or they are gone and their names have to go from witnesses.',
        ),
      ];
}

async function teamFacts(session: HttpSession, { settings }: UcceSource): Promise<CheckFact[]> {
  if (settings.teamsFrom === 'agents') return [fact('agent teams', 'taken from the agents, as configured')];
  const refusal = settings.teamsFrom === 'auto' ? 'say' : 'throw';
  try {
    const page = await firstPage(session, { kind: teamList, refusal });
    if (!('refused' in page)) return [fact('agent teams', `${page.total}, from their own list`)];
    return [
      warning(
        'agent teams',
        `the list is refused (status ${page.refused}); they are taken from the agents`,
        'Teams without anybody stay unknown, and nobody loses can-manage: give the login the right to agent teams, or set teamsFrom: agents to let the agents alone decide.',
      ),
    ];
  } catch (error) {
    if (!(error instanceof RosterdError) || error.code === 'interrupted') throw error;
    const advice = `Every read will be partial while this lasts. ${error.entry.advice} Where the login may not read agent teams at all, set teamsFrom: agents.`;
    return [fact('agent teams', error.message, 'error', advice)];
  }
}

function mappingFacts({ wanted }: UcceSource): CheckFact[] {
  const unknown = [
    ...unknownAmong(wanted.account, agentAttributes),
    ...unknownAmong(wanted.group ?? [], teamAttributes).map((name) => `${name} of teams`),
  ];
  if (unknown.length === 0) return [];
  return [
    warning(
      'unknown attributes',
      unknown.join(', '),
      'UCCE has no such attributes, so they are never read: correct the mapping.',
    ),
  ];
}

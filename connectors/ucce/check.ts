// `rosterd source check`: connects, and reports what an operator wants to know before the first read.

import type { CheckFact, CheckReport } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { type HttpSession, openHttpSession } from '../http-source.ts';
import { decodeAgent } from './agent.ts';
import { agentList, fetchPage, type ListPage, pageSize, teamList } from './list.ts';
import type { UcceSource } from './source.ts';
import { isSupervisor, narrownessOf, type View } from './view.ts';

const sampleSize = 3;
/** Agents that are looked at; a read looks at all of them. */
const maxSamplePages = 5;
const certificateWarningDays = 30;
const dayMs = 86_400_000;
const skewWarningMs = 60_000;
const skewErrorMs = 300_000;

type Severity = CheckFact['severity'];

const fact = (name: string, value: string, severity: Severity = 'ok', advice?: string): CheckFact => ({
  name,
  value,
  severity,
  ...(advice === undefined ? {} : { advice }),
});

const warning = (name: string, value: string, advice: string): CheckFact => fact(name, value, 'warning', advice);

/** Throws RosterdError when no server can be asked, or when it refuses the login. */
export async function check(source: UcceSource, signal: AbortSignal): Promise<CheckReport> {
  const session = await openHttpSession(source.settings.connection, signal);
  try {
    const first = await agentPage(session, source, 0);
    const now = Date.now();
    const looked = await look(session, source, first);
    const facts = [
      fact('server', session.server ?? ''),
      fact('installation', source.identity),
      ...tlsFacts(session, now),
      ...loginFacts(source, first.view),
      ...skewFacts(first, now),
      totalFact(first),
      pageFact(first),
      namesFact(looked),
      ...(await teamFacts(session, source)),
    ];
    return { facts, serverIdentity: source.identity, sample: looked.sample };
  } finally {
    await session.close();
  }
}

function agentPage(session: HttpSession, { settings }: UcceSource, start: number): Promise<ListPage> {
  const query = settings.ignoreRole ? { ignoreRole: 'true' } : {};
  return fetchPage(session, { kind: agentList, query, refusal: 'throw' }, start);
}

function tlsFacts({ tls }: HttpSession, now: number): CheckFact[] {
  if (tls === undefined) {
    return [warning('TLS', 'none', 'The password and all data cross the network in clear text: use https://.')];
  }
  const { valid_to: until, subject, issuer } = tls.certificate;
  const days = Math.floor((Date.parse(until) - now) / dayMs);
  const nameOf = (name: typeof subject): string => [name?.CN ?? name?.O ?? 'a nameless authority'].flat().join(', ');
  const expiry = `${until} (in ${days} days)`;
  return [
    fact('TLS', `${tls.protocol}, ${tls.cipher}`),
    fact('certificate', `${nameOf(subject)}, issued by ${nameOf(issuer)}`),
    days < certificateWarningDays
      ? warning(
          'certificate expires',
          expiry,
          'Renew the certificate of the server; when it has expired, no read will succeed.',
        )
      : fact('certificate expires', expiry),
  ];
}

function loginFacts({ settings }: UcceSource, view: View | 'none'): CheckFact[] {
  const narrowness = narrownessOf(view, settings);
  const role = view === 'none' ? 'not stated' : (view.role ?? 'not stated');
  const department = view !== 'none' && view.isDepartmentAdmin ? ', of single departments' : '';
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

function skewFacts({ serverTime }: ListPage, now: number): CheckFact[] {
  if (serverTime === undefined) return [];
  const skewMs = Math.abs(now - serverTime);
  const severity = skewMs > skewErrorMs ? 'error' : skewMs > skewWarningMs ? 'warning' : 'ok';
  const advice = severity === 'ok' ? undefined : 'Set both clocks by the same time server.';
  return [fact('clock', `differs by ${Math.round(skewMs / 1_000)} s`, severity, advice)];
}

const totalFact = ({ total }: ListPage): CheckFact =>
  total === 0
    ? warning('agents', '0', 'The login sees nobody: check its role and its departments.')
    : fact('agents', String(total));

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
}

/** The first agents, and more of them while the configuration takes none. */
async function look(session: HttpSession, source: UcceSource, first: ListPage): Promise<Looked> {
  const sample: SourceAccount[] = [];
  let [agents, withoutUserName, undecodable, outside] = [0, 0, 0, 0];
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
      if (agent.account.attributes['username']?.length !== 1) withoutUserName += 1;
      if (sample.length < sampleSize) sample.push(agent.account);
    }
    agents += page.items.length;
    if (sample.length > 0 || page.items.length === 0 || agents >= first.total || pages === maxSamplePages) break;
    page = await agentPage(session, source, agents);
  }
  return { sample, agents, withoutUserName, undecodable, outside };
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

async function teamFacts(session: HttpSession, { settings }: UcceSource): Promise<CheckFact[]> {
  if (settings.teamsFrom === 'agents') return [fact('agent teams', 'taken from the agents, as configured')];
  try {
    const { total } = await fetchPage(session, { kind: teamList, refusal: 'throw' }, 0);
    return [fact('agent teams', `${total}, from their own list`)];
  } catch (error) {
    if (!(error instanceof RosterdError) || typeof error.detail['status'] !== 'number') throw error;
    const refusal = `the list is refused (status ${error.detail['status']})`;
    return settings.teamsFrom === 'auto'
      ? [fact('agent teams', `${refusal}; they are taken from the agents, those without anybody stay unknown`)]
      : [
          fact(
            'agent teams',
            refusal,
            'error',
            'Every read will be partial: give the login the right to agent teams, or set teamsFrom: auto.',
          ),
        ];
  }
}

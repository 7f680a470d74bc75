// `rosterd source check`: one read without keeping it, and what an operator wants to know before the first real one.

import type { CheckFact, CheckReport } from '../../src/connector.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import type { WantedAttributes } from '../connector-type.ts';
import { clockFacts, connectionFacts, fact, otherServerFacts } from '../http-facts.ts';
import { openHttpSession } from '../http-source.ts';
import { accept, teams } from './document.ts';
import { fetchLists, type Lists, unknownAttributes } from './lists.ts';
import { pagesOf } from './read.ts';
import { identityOf, type UccxSettings } from './settings.ts';
import { Tally } from './tally.ts';

const sampleSize = 3;

/** Throws RosterdError when no server can be asked, or when the resources cannot be read. */
export async function check(
  settings: UccxSettings,
  wanted: WantedAttributes,
  signal: AbortSignal,
): Promise<CheckReport> {
  const { connection } = settings;
  const session = await openHttpSession(connection, signal);
  try {
    const lists = await fetchLists(session);
    const tally = new Tally(settings);
    const accounts = [...pagesOf(lists, tally, wanted)].flatMap((page) => page.accounts);
    const facts = [
      ...connectionFacts(session, connection),
      ...(await otherServerFacts(session, connection, { path: teams.path, accept }, signal)),
      fact('cluster', identityOf(settings)),
      ...clockFacts(lists.resources.date, lists.resources.dateCameAt),
      fact('answers in', lists.resources.collection.format),
      ...loginFacts(connection.login.user, tally),
      peopleFact(accounts),
      teamsFact(lists, tally),
      viewFact(lists, tally),
      ...rejectedFacts(tally),
      ...gapFacts(accounts),
      ...mappingFacts(wanted),
      ...caveats,
    ];
    return { facts, serverIdentity: identityOf(settings), sample: accounts.slice(0, sampleSize) };
  } finally {
    await session.close();
  }
}

/** UCCX shows a supervisor the agents of own teams only, and does not say so. */
function loginFacts(user: string, tally: Tally): CheckFact[] {
  if (!tally.loginSupervises) return [];
  const value = `${user} is a supervisor`;
  if (tally.hasAllWitnesses) return [fact('login', `${value}, and all witnesses came`)];
  return [
    fact(
      'login',
      value,
      'warning',
      'Unless it is an administrator too, UCCX shows it only the agents of its own teams. So every read is partial and removes nothing: use the login of an administrator who supervises nobody, or name witnesses of other teams.',
    ),
  ];
}

function peopleFact(accounts: readonly SourceAccount[]): CheckFact {
  if (accounts.length === 0) {
    return fact(
      'resources',
      '0',
      'warning',
      'UCCX shows nobody: the login may be that of a supervisor without a team. Use the login of an administrator.',
    );
  }
  const supervisors = accounts.filter(({ attributes }) => attributes['supervisor']?.[0] === 'true').length;
  return fact('resources', `${accounts.length} (${accounts.length - supervisors} agents, ${supervisors} supervisors)`);
}

function teamsFact({ teams: answer }: Lists, { groups }: Tally): CheckFact {
  if (!(answer instanceof RosterdError)) return fact('teams', String(groups));
  return fact('teams', answer.message, 'error', `Without the teams every read is partial. ${answer.entry.advice}`);
}

/** The doubts that would make a read partial. */
function viewFact({ teams: answer }: Lists, tally: Tally): CheckFact {
  const outcome = tally.outcome();
  if (outcome.kind === 'partial') {
    return fact(
      'completeness',
      outcome.because,
      'warning',
      'A read like this one adds and changes, but removes nothing. Use the login of an administrator, and mend what is named here.',
    );
  }
  if (answer instanceof RosterdError)
    return fact('completeness', 'the teams are missing', 'warning', 'See the line about the teams.');
  return fact('completeness', 'nothing speaks against it');
}

function rejectedFacts({ rejected }: Tally): CheckFact[] {
  if (rejected === 0) return [];
  const advice = 'They stay as they were at the last read; a read names each of them with what is wrong with it.';
  return [fact('records that cannot be read', String(rejected), 'warning', advice)];
}

function gapFacts(accounts: readonly SourceAccount[]): CheckFact[] {
  const without = (attribute: string): readonly SourceAccount[] =>
    accounts.filter(({ attributes }) => (attributes[attribute] ?? []).length === 0);
  const gaps: readonly (readonly [attribute: string, label: string, advice: string])[] = [
    ['firstname', 'without a first name', 'Enter the first name in CUCM, or let another source give the names.'],
    [
      'extension',
      'without an extension',
      'Without one a call cannot be told to be theirs: set the IPCC extension in CUCM.',
    ],
    [
      'teamid',
      'without a team',
      'UCCX has a team for everybody, so rosterd takes nobody out of any team while one is missing: put them into a team.',
    ],
  ];
  return gaps.flatMap(([attribute, label, advice]) => {
    const found = without(attribute);
    if (found.length === 0) return [];
    const names = found.slice(0, 5).map(({ name }) => name);
    const more = found.length > names.length ? ', ...' : '';
    return [fact(label, `${found.length}: ${names.join(', ')}${more}`, 'warning', advice)];
  });
}

function mappingFacts(wanted: WantedAttributes): CheckFact[] {
  const unknown = unknownAttributes(wanted);
  if (unknown.length === 0) return [];
  const advice = 'UCCX has no such attributes, so they are never read: correct the mapping.';
  return [fact('unknown attributes', unknown.join(', '), 'warning', advice)];
}

const caveats: readonly CheckFact[] = [
  fact(
    'new agents',
    'UCCX learns agents from CUCM about every 10 minutes, or when somebody opens its page of resources: until then they are not here',
  ),
  fact(
    'inactive agents',
    'may be among the resources: somebody removed in CUCM stays in UCCX until deleted there by hand, and its answers do not tell who is inactive',
  ),
];

// The list once more, for questions by id that the answer about one record cannot settle.
// Invariant: read at most once for all questions of a batch; a list that raises a doubt says of nobody that it does not have them.
//
//   the question by id says    the list has it              the list does not have it    the list is in doubt
//   there                      there, or out of scope       unknown: perhaps deleted     unknown
//   gone, to a login whose     there, or out of scope       gone                         unknown
//     questions reach less far
//     than its list

import type { Confirmation, RecordKind } from '../../src/connector.ts';
import { RosterdError } from '../../src/model/errors.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import type { HttpSession } from '../http-source.ts';
import type { XmlElement } from '../xml-document.ts';
import { decodeAgent, placeOf } from './agent.ts';
import { agentList, agentQuery, readList, teamList } from './list.ts';
import { idOf } from './reference.ts';
import type { Place } from './scope.ts';
import type { UcceSource } from './source.ts';
import { Tally } from './tally.ts';
import { isWideById, narrownessOf } from './view.ts';

type Answers = Map<ExternalId, Confirmation>;

interface FreshList {
  readonly places: ReadonlyMap<ExternalId, Place>;
  readonly doubt: string | undefined;
}

/** Puts what the list says in place of answers that need it. Throws RosterdError only for a refused login and a stop. */
export async function settleByList(
  session: HttpSession,
  source: UcceSource,
  kind: RecordKind,
  asked: readonly ExternalId[],
  answers: Answers,
): Promise<void> {
  const isWide = isWideById(source.view, source.settings);
  const isOpen = (id: ExternalId): boolean => {
    const said = answers.get(id)?.kind;
    return said === 'present' || (said === 'absent' && !isWide);
  };
  const open = asked.filter(isOpen);
  if (open.length === 0) return;
  const list = await freshList(session, source, kind, new Set(open));
  for (const id of open) {
    const said = answers.get(id);
    if (said !== undefined) answers.set(id, settled(source, kind, said, list, list.places.get(id)));
  }
}

function settled(
  source: UcceSource,
  kind: RecordKind,
  said: Confirmation,
  { doubt }: FreshList,
  place: Place | undefined,
): Confirmation {
  if (place !== undefined) return placed(source, kind, place);
  if (doubt !== undefined) return { kind: 'unknown', because: `the list, asked once more, settles nothing: ${doubt}` };
  if (said.kind !== 'absent') {
    return {
      kind: 'unknown',
      because:
        'UCCE still shows it by its number, but not in its list, asked once more: it may be marked for deletion; purge it with the Deleted Objects tool',
    };
  }
  // Which teams such a login is shown is not known; ignoreRole is for agents only (cisco-apis.md 2.1).
  return kind === 'group'
    ? { kind: 'unknown', because: 'this login may be shown the teams of its peripheral only' }
    : { kind: 'absent', evidence: `${said.evidence}, and the list, asked once more, does not have it` };
}

function placed({ scope }: UcceSource, kind: RecordKind, place: Place): Confirmation {
  if (kind === 'group') {
    return scope.takesTeam(place)
      ? { kind: 'present' }
      : { kind: 'out-of-scope', evidence: 'it is outside of agents.departments or agents.peripherals' };
  }
  const outside = scope.outsideBecause(place);
  return outside === undefined ? { kind: 'present' } : { kind: 'out-of-scope', evidence: outside };
}

async function freshList(
  session: HttpSession,
  source: UcceSource,
  kind: RecordKind,
  wanted: ReadonlySet<ExternalId>,
): Promise<FreshList> {
  const tally = new Tally(
    kind === 'account' ? source.settings : { ...source.settings, witnesses: [], expectAtLeast: 0 },
  );
  const places = new Map<ExternalId, Place>();
  try {
    await gather(
      session,
      source,
      kind,
      (element, id) => {
        if (kind === 'account') note(source, tally, element);
        if (id !== undefined && wanted.has(id)) places.set(id, placeOf(element));
      },
      tally,
    );
  } catch (error) {
    const isForCaller = !(error instanceof RosterdError) || ['source-credentials', 'interrupted'].includes(error.code);
    if (isForCaller) throw error;
    return { places, doubt: `${error.code}: ${error.message}` };
  }
  const outcome = tally.outcome(source.identity);
  return { places, doubt: outcome.kind === 'partial' ? outcome.because : undefined };
}

async function gather(
  session: HttpSession,
  source: UcceSource,
  kind: RecordKind,
  take: (element: XmlElement, id: ExternalId | undefined) => void,
  tally: Tally,
): Promise<void> {
  const list = kind === 'account' ? agentList : teamList;
  const query = kind === 'account' ? agentQuery(source.settings) : {};
  const steps = readList(session, { kind: list, query, refusal: 'throw' });
  for (let step = await steps.next(); step.done !== true; step = await steps.next()) {
    if (step.value.kind === 'again') {
      if (step.value.what === 'anew') tally.accounts = 0;
      continue;
    }
    const { fresh, page } = step.value;
    const narrowness = kind === 'account' ? narrownessOf(page.view, source.settings) : undefined;
    if (narrowness !== undefined) tally.doubt(narrowness);
    for (const element of fresh) {
      const id = idOf(element, list.type);
      if (id === undefined) tally.doubt('it has a record without a readable id');
      take(element, id);
    }
  }
}

function note(source: UcceSource, tally: Tally, element: XmlElement): void {
  const decoding = decodeAgent(element, []);
  if (decoding.kind === 'rejected' || source.scope.outsideBecause(decoding.agent) !== undefined) return;
  const { account, agentId } = decoding.agent;
  tally.accounts += 1;
  tally.witness(account.id, account.name, agentId);
}

// Asks for single agents and teams by id: there and in scope, there but out of scope, gone, or unknown.
// Invariant: "absent" needs UCCE's own word that its database has no such id, given to a login whom no role keeps from seeing it; a page
// not found is no such word. "Present" needs the list too: whom only a question by id still shows may be marked for deletion.

import type { Confirmation, RecordKind } from '../../src/connector.ts';
import { RosterdError } from '../../src/model/errors.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { type HttpAnswer, type HttpSession, openHttpSession } from '../http-source.ts';
import { child, childrenOf, nameOf, parseXml, type XmlElement } from '../xml-document.ts';
import { placeOf } from './agent.ts';
import { settleByList } from './fresh-list.ts';
import { agentList, basePath, type ListKind, teamList, xml } from './list.ts';
import { idOf, isRecordId, valueIn } from './reference.ts';
import type { UcceSource } from './source.ts';

/** Questions at a time, once the first has been answered. */
const concurrency = 4;

type Answers = Map<ExternalId, Confirmation>;

/** Every id is in the answer. Throws RosterdError when no server can be asked, or when it refuses the login. */
export async function confirm(
  source: UcceSource,
  kind: RecordKind,
  ids: readonly ExternalId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ExternalId, Confirmation>> {
  const answers: Answers = new Map();
  const askable: ExternalId[] = [];
  for (const id of new Set(ids)) {
    const known = answerOffline(source, kind, id);
    if (known === undefined) askable.push(id);
    else answers.set(id, known);
  }
  const [first, ...others] = askable;
  if (first === undefined) return answers;
  const session = await openHttpSession(source.settings.connection, signal);
  try {
    answers.set(first, await ask(session, source, kind, first));
    await askAll({ session, source, kind, signal }, others, answers);
    await settleByList(session, source, kind, askable, answers);
    return answers;
  } catch (error) {
    // Some releases refuse teams, and teams only, to a login that may read agents: no reason to call the login wrong.
    if (kind !== 'group' || !(error instanceof RosterdError) || error.code !== 'source-credentials') throw error;
    for (const id of askable) if (!answers.has(id)) answers.set(id, unknown(error));
    return answers;
  } finally {
    await session.close();
  }
}

/** What needs no question. */
function answerOffline(source: UcceSource, kind: RecordKind, id: ExternalId): Confirmation | undefined {
  // Ids are numbers of the database; what is none was never one.
  if (!isRecordId(id))
    return { kind: 'absent', evidence: `${id === '' ? 'an empty id' : id} is not an id that UCCE gives out` };
  if (kind === 'account' || source.teamsOfAgents === undefined) return undefined;
  // The list of teams was not read: a team is what the agents name, and all of them have just been read.
  if (source.teamsOfAgents.ids.has(id)) return { kind: 'present' };
  const nobody = 'none of the agents read belongs to it or supervises it';
  return source.teamsOfAgents.list === 'refused'
    ? { kind: 'unknown', because: `${nobody}, and the list of teams was refused, which may show it another time` }
    : { kind: 'out-of-scope', evidence: `${nobody}, and the list of teams itself is not read` };
}

interface Question {
  readonly session: HttpSession;
  readonly source: UcceSource;
  readonly kind: RecordKind;
  readonly signal: AbortSignal;
}

/** Says something of this id only; otherwise the next question would fare the same: slowly, or with an account locked in the end. */
function isOfOneId({ code, detail }: RosterdError): boolean {
  const { status } = detail;
  if (typeof status === 'number') return status !== 401 && status !== 429 && (status < 502 || status > 504);
  return code === 'source-protocol' || code === 'source-limit';
}

async function askAll(question: Question, ids: readonly ExternalId[], answers: Answers): Promise<void> {
  const { session, source, kind, signal } = question;
  const waiting = [...ids];
  let silence: RosterdError | undefined;
  const askInTurn = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      if (silence !== undefined) {
        answers.set(id, unknown(silence));
        continue;
      }
      try {
        answers.set(id, await ask(session, source, kind, id));
      } catch (error) {
        if (!(error instanceof RosterdError) || isForCaller(error, signal)) throw error;
        silence = error;
        answers.set(id, unknown(error));
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, askInTurn));
}

const isForCaller = (error: RosterdError, signal: AbortSignal): boolean =>
  signal.aborted || error.code === 'source-credentials';

const unknown = (error: RosterdError): Confirmation => ({
  kind: 'unknown',
  because: `${error.code}: ${error.message}`,
});

async function ask(session: HttpSession, source: UcceSource, kind: RecordKind, id: ExternalId): Promise<Confirmation> {
  const list = kind === 'account' ? agentList : teamList;
  try {
    const answer = await session.get(`${basePath}/${list.type}/${id}`, { accept: xml, allow: [404] });
    return answer.status === 404 ? notFound(answer) : found(source, list, id, answer);
  } catch (error) {
    if (error instanceof RosterdError && isOfOneId(error)) return unknown(error);
    throw error;
  }
}

function found(source: UcceSource, list: ListKind, id: ExternalId, answer: HttpAnswer): Confirmation {
  const element = itemOf(parseXml(answer.text), list);
  if (element === undefined || idOf(element, list.type) !== id) {
    return { kind: 'unknown', because: `the server answered the question for ${id} with something else` };
  }
  const place = placeOf(element);
  if (list.type === 'agent') {
    const outside = source.scope.outsideBecause(place);
    return outside === undefined ? { kind: 'present' } : { kind: 'out-of-scope', evidence: outside };
  }
  if (source.settings.teamsFrom === 'agents') {
    return { kind: 'unknown', because: 'the team exists, but with teamsFrom: agents only those of an agent are taken' };
  }
  return source.scope.takesTeam(place)
    ? { kind: 'present' }
    : { kind: 'out-of-scope', evidence: 'it is outside of agents.departments or agents.peripherals' };
}

/** The item alone, or in a list of one (cisco-apis.md 2.8). */
function itemOf(root: XmlElement, list: ListKind): XmlElement | undefined {
  if (nameOf(root) === list.item) return root;
  const items = childrenOf(child(root, list.wrapper), list.item);
  return items.length === 1 ? items[0] : undefined;
}

function notFound(answer: HttpAnswer): Confirmation {
  const types = errorTypes(answer.text);
  if (types.includes('notFound.dbData')) {
    return { kind: 'absent', evidence: 'UCCE says notFound.dbData: its database has no such id' };
  }
  const said = types.length === 0 ? 'no reason' : types.join(', ');
  return { kind: 'unknown', because: `the server answered 404 with ${said}, which need not mean that it is gone` };
}

/** Empty where the body is none of UCCE's own errors. */
function errorTypes(text: string): string[] {
  try {
    const root = parseXml(text);
    if (nameOf(root) !== 'apiErrors') return [];
    return childrenOf(root, 'apiError').flatMap((error) => valueIn(error, 'errorType') ?? []);
  } catch (error) {
    if (error instanceof RosterdError) return [];
    throw error;
  }
}

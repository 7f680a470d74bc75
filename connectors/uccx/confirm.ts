// Asks for single resources and teams by id: there, gone, or unknown.
// Invariant: "absent" needs a "not found" in UCCX's own words and a fresh list without the record; every doubt answers `unknown`.

import type { Confirmation, RecordKind } from '../../src/connector.ts';
import { type ErrorCode, RosterdError } from '../../src/model/errors.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { type HttpSession, openHttpSession } from '../http-source.ts';
import { resourceId } from './account.ts';
import { accept, errorIn, itemOf, type Listing, resources, teams } from './document.ts';
import { fetchList } from './lists.ts';
import type { UccxSettings } from './settings.ts';
import { teamId } from './team.ts';

const atOnce = 4;

type Answers = Map<ExternalId, Confirmation>;

/** Nothing that is asked afterwards has a better chance, and a refused login must not be tried for every id. */
const finalCodes: ReadonlySet<ErrorCode> = new Set(['interrupted', 'source-credentials', 'source-permission', 'bug']);
const networkCodes: ReadonlySet<ErrorCode> = new Set([
  'source-unreachable',
  'source-timeout',
  'source-connection-lost',
  'source-tls-failed',
  'source-busy',
]);

/** Every id is in the answer. Throws RosterdError when nobody can be asked at all, or not with this login. */
export async function confirm(
  settings: UccxSettings,
  kind: RecordKind,
  ids: readonly ExternalId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ExternalId, Confirmation>> {
  const answers: Answers = new Map();
  for (const id of ids) answers.set(id, { kind: 'unknown', because: `${id} is not an id of this source` });
  const askable = ids.filter(isAskable);
  if (askable.length === 0) return answers;
  const session = await openHttpSession(settings.connection, signal);
  try {
    await new Questions(session, kind, answers).ask(askable);
    return answers;
  } finally {
    await session.close();
  }
}

/** A userID has neither slash nor backslash (Cisco), and a segment of dots would ask for something else. */
const isAskable = (id: string): boolean =>
  id !== '' && id !== '.' && id !== '..' && id.isWellFormed() && !/[\\/\p{Cc}]/u.test(id);

class Questions {
  readonly #session: HttpSession;
  readonly #listing: Listing;
  readonly #idIn: typeof resourceId;
  readonly #answers: Answers;
  /** UCCX could not be asked any more: nobody waits for a timeout once for every id. */
  #lost: RosterdError | undefined;

  constructor(session: HttpSession, kind: RecordKind, answers: Answers) {
    this.#session = session;
    this.#listing = kind === 'account' ? resources : teams;
    this.#idIn = kind === 'account' ? resourceId : teamId;
    this.#answers = answers;
  }

  /** The first alone: it finds the server, and a wrong password is sent once only. */
  async ask(ids: readonly ExternalId[]): Promise<void> {
    const [first, ...others] = ids;
    if (first === undefined) return;
    await this.#askFor(first);
    const queue = others.values();
    const worker = async (): Promise<void> => {
      for (const id of queue) await this.#askFor(id);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    await this.#compareWithList(ids.filter((id) => this.#answers.get(id)?.kind === 'absent'));
  }

  async #askFor(id: ExternalId): Promise<void> {
    if (this.#lost !== undefined) return this.#unknown(id, this.#lost);
    try {
      this.#answers.set(id, await this.#answerFor(id));
    } catch (error) {
      if (!(error instanceof RosterdError) || finalCodes.has(error.code)) throw error;
      if (this.#session.server === undefined && error.code !== 'source-base-not-found') throw error;
      if (networkCodes.has(error.code)) this.#lost = error;
      this.#unknown(id, error);
    }
  }

  #unknown(id: ExternalId, { code, message }: RosterdError): void {
    this.#answers.set(id, { kind: 'unknown', because: `${code}: ${message}` });
  }

  async #answerFor(id: ExternalId): Promise<Confirmation> {
    const path = `${this.#listing.path}/${encodeURIComponent(id)}`;
    const answer = await this.#session.get(path, { accept, allow: [404] });
    if (answer.status !== 404) {
      const item = itemOf(answer, this.#listing);
      return item !== undefined && this.#idIn(item) === id
        ? { kind: 'present' }
        : { kind: 'unknown', because: `${this.#session.server ?? ''} answered GET ${path} with another record` };
    }
    const said = errorIn(answer);
    return said === undefined
      ? { kind: 'unknown', because: `GET ${path} was answered with status 404, but not in the words of UCCX` }
      : { kind: 'absent', evidence: `UCCX answered GET ${path} with status 404 (${said})` };
  }

  /** Ids are kept in lower case, and nobody has verified that UCCX finds `T.Okafor` by `t.okafor`: so the list decides. */
  async #compareWithList(ids: readonly ExternalId[]): Promise<void> {
    if (ids.length === 0) return;
    const listed = await this.#listedIds();
    for (const id of ids) {
      const answer = this.#answers.get(id);
      if (answer?.kind !== 'absent') continue;
      if (listed instanceof RosterdError) this.#unknown(id, listed);
      else if (listed.has(id)) this.#answers.set(id, { kind: 'present' });
      else if (listed.size === 0) this.#answers.set(id, { kind: 'unknown', because: emptyList });
      else {
        const evidence = `${answer.evidence}; it is not among the ${listed.size} of ${this.#listing.path} either`;
        this.#answers.set(id, { kind: 'absent', evidence });
      }
    }
  }

  async #listedIds(): Promise<ReadonlySet<ExternalId> | RosterdError> {
    try {
      const { collection } = await fetchList(this.#session, this.#listing);
      return new Set(collection.items.map(this.#idIn).filter((id) => id !== undefined));
    } catch (error) {
      if (!(error instanceof RosterdError) || finalCodes.has(error.code)) throw error;
      return error;
    }
  }
}

const emptyList = 'UCCX shows nothing at all, so nothing follows from not finding a record';

// Asks for single resources and teams by id: there, gone, or unknown.
// Invariant: "absent" needs a fresh list without the record and a "not found" in UCCX's own words; every doubt answers `unknown`.

import type { Confirmation, RecordKind } from '../../src/connector.ts';
import { type ErrorCode, RosterdError } from '../../src/model/errors.ts';
import type { ExternalId } from '../../src/model/ids.ts';
import { type HttpAnswer, type HttpSession, openHttpSession } from '../http-source.ts';
import { resourceId } from './account.ts';
import { accept, errorIn, itemOf, type Listing, resources, teams } from './document.ts';
import { fetchList } from './lists.ts';
import type { UccxSettings } from './settings.ts';
import { teamId } from './team.ts';

const atOnce = 4;
/** One may be the doing of one odd userID. */
const failuresToGiveUp = 2;

/** Nothing that is asked afterwards has a better chance, and a refused login must not be tried for every id. */
const finalCodes: ReadonlySet<ErrorCode> = new Set(['interrupted', 'source-credentials', 'bug']);
const busyStatuses: ReadonlySet<unknown> = new Set([429, 502, 503, 504]);
const networkCodes: ReadonlySet<ErrorCode> = new Set([
  'source-unreachable',
  'source-timeout',
  'source-connection-lost',
  'source-tls-failed',
  'source-busy',
]);

/** Every id is in the answer. Throws RosterdError when nobody can be asked, or when the list does not come. */
export async function confirm(
  settings: UccxSettings,
  kind: RecordKind,
  ids: readonly ExternalId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ExternalId, Confirmation>> {
  const answers = new Map<ExternalId, Confirmation>();
  for (const id of ids) answers.set(id, unknown(`${id} is not an id of this source`));
  const askable = ids.filter(isAskable);
  if (askable.length === 0) return answers;
  const session = await openHttpSession(settings.connection, signal);
  try {
    // The list first: it finds the server, and what comes for one odd userID says nothing about the others.
    const list = await freshList(session, kind === 'account' ? resources : teams);
    const missing = askable.filter((id) => !list.ids.has(id));
    for (const id of askable) answers.set(id, { kind: 'present' });
    if (list.doubt === undefined) await new Questions(session, list, answers).ask(missing);
    else for (const id of missing) answers.set(id, unknown(list.doubt));
    return answers;
  } finally {
    await session.close();
  }
}

/** A userID has neither slash nor backslash (Cisco), and a segment of dots would ask for something else. */
const isAskable = (id: string): boolean =>
  id !== '' && id !== '.' && id !== '..' && id.isWellFormed() && !/[\\/\p{Cc}]/u.test(id);

const unknown = (because: string): Confirmation => ({ kind: 'unknown', because });

interface FreshList {
  readonly listing: Listing;
  readonly ids: ReadonlySet<ExternalId>;
  /** Why nothing follows from not being in it. */
  readonly doubt: string | undefined;
}

/** Ids are kept in lower case, and nobody has verified that UCCX finds `T.Okafor` by `t.okafor`: so whoever is listed is there. */
async function freshList(session: HttpSession, listing: Listing): Promise<FreshList> {
  const { collection } = await fetchList(session, listing);
  const ids = collection.items.map(idOfItem[listing.item]).filter((id) => id !== undefined);
  const doubts = [...collection.doubts];
  if (ids.length < collection.items.length) doubts.push(`one of the ${listing.list} has no id`);
  if (ids.length === 0) doubts.push('UCCX shows nothing at all, so nothing follows from not finding a record');
  return { listing, ids: new Set(ids), doubt: doubts.length === 0 ? undefined : doubts.join('; ') };
}

const idOfItem = { resource: resourceId, team: teamId } as const;

/** About records that the list does not have. */
class Questions {
  readonly #session: HttpSession;
  readonly #list: FreshList;
  readonly #answers: Map<ExternalId, Confirmation>;
  /** While UCCX cannot be reached nobody waits for a timeout once for every id. */
  #failures = 0;

  constructor(session: HttpSession, list: FreshList, answers: Map<ExternalId, Confirmation>) {
    this.#session = session;
    this.#list = list;
    this.#answers = answers;
  }

  async ask(ids: readonly ExternalId[]): Promise<void> {
    const queue = ids.values();
    const worker = async (): Promise<void> => {
      for (const id of queue) this.#answers.set(id, await this.#answerFor(id));
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  async #answerFor(id: ExternalId): Promise<Confirmation> {
    if (this.#failures >= failuresToGiveUp) return unknown('not asked for, because UCCX did not answer for others');
    const path = `${this.#list.listing.path}/${encodeURIComponent(id)}`;
    try {
      return this.#meaningOf(id, path, await this.#session.get(path, { accept, allow: [404] }));
    } catch (error) {
      if (!(error instanceof RosterdError) || finalCodes.has(error.code)) throw error;
      if (isOutage(error)) this.#failures += 1;
      return unknown(`${error.code}: ${error.message}`);
    }
  }

  #meaningOf(id: ExternalId, path: string, answer: HttpAnswer): Confirmation {
    const { listing, ids } = this.#list;
    const server = this.#session.server ?? 'UCCX';
    if (answer.status !== 404) {
      const item = itemOf(answer, listing);
      // Inactive, or about to be deleted: nobody has verified what UCCX shows of these.
      return item !== undefined && idOfItem[listing.item](item) === id
        ? unknown(`${server} answers GET ${path} with the record, but does not list it among its ${listing.list}`)
        : unknown(`${server} answered GET ${path} with another record`);
    }
    const refusal = errorIn(answer);
    if (refusal?.isNotFound !== true) {
      const said = refusal === undefined ? 'not in the words of UCCX' : `with ${refusal.said}`;
      return unknown(`GET ${path} was answered with status 404, but ${said}`);
    }
    const evidence = `UCCX answered GET ${path} with status 404 (${refusal.said}); it is not among the ${ids.size} of ${listing.path} either`;
    return { kind: 'absent', evidence };
  }
}

/** A status is about one id only, whatever it is: a servlet container may dislike a single userID. Not one that says "busy". */
const isOutage = ({ code, detail }: RosterdError): boolean =>
  detail['status'] === undefined ? networkCodes.has(code) : busyStatuses.has(detail['status']);

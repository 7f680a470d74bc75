// What a read has seen so far: the counts of its outcome, its proof, and every reason to doubt that it was complete.

import type { ReadOutcome, ReadProof } from '../../src/connector.ts';
import type { ErrorCode } from '../../src/model/errors.ts';
import { foldKey } from '../../src/model/keys.ts';
import type { AdSettings } from './settings.ts';

type Kind = 'account' | 'group';

export class Tally {
  accounts = 0;
  groups = 0;
  edges = 0;
  rejected = 0;
  /** Pages of the directory, empty ones too. */
  pages = 0;
  emptyPages = 0;
  readonly #seen = { account: new Set<string>(), group: new Set<string>() };
  readonly #references = new Set<string>();
  readonly #doubts = new Set<string>();
  readonly #witnesses: Map<string, string>;
  readonly #expectAtLeast: number;
  #duplicates = 0;
  #unreadable = 0;
  #server = '';
  #controller: string | undefined;
  #isExhausted = false;

  constructor(settings: AdSettings) {
    this.#witnesses = new Map(settings.witnesses.map((witness) => [foldKey(witness), witness]));
    this.#expectAtLeast = settings.expectAtLeast;
  }

  /** The address as configured, and the name that the server gives itself. */
  answeredBy(server: string, controller: string | undefined): void {
    this.#server = server;
    this.#controller = controller;
  }

  page(entries: number, references: readonly string[]): void {
    this.pages += 1;
    if (entries === 0) this.emptyPages += 1;
    for (const reference of references) this.#references.add(reference);
  }

  /** False when this id was on an earlier page. */
  isNew(kind: Kind, id: string): boolean {
    const seen = this.#seen[kind];
    const before = seen.size;
    seen.add(id);
    if (seen.size > before) return true;
    this.#duplicates += 1;
    this.doubt('the server sent some records twice, so it may have left out others');
    return false;
  }

  witness(...keys: readonly string[]): void {
    if (this.#witnesses.size > 0) for (const key of keys) this.#witnesses.delete(foldKey(key));
  }

  unreadable(count: number): void {
    this.#unreadable += count;
  }

  doubt(because: string): void {
    this.#doubts.add(because);
  }

  /** To be called when every search has come to its empty cookie. */
  outcome(serverIdentity: string): ReadOutcome {
    this.#isExhausted = true;
    if (this.#witnesses.size > 0) this.doubt(`witnesses are missing: ${[...this.#witnesses.values()].join(', ')}`);
    if (this.accounts < this.#expectAtLeast) {
      this.doubt(`${this.accounts} accounts came, but at least ${this.#expectAtLeast} were expected`);
    }
    if (this.#doubts.size > 0) return this.partial();
    const { accounts, groups, edges, rejected } = this;
    return { kind: 'complete', counts: { accounts, groups, edges, rejected }, proof: this.proof(), serverIdentity };
  }

  partial(because?: string, errorCode?: ErrorCode): ReadOutcome {
    if (because !== undefined) this.doubt(because);
    const reason = { because: [...this.#doubts].join('; '), ...(errorCode === undefined ? {} : { errorCode }) };
    return { kind: 'partial', ...reason, proof: this.proof() };
  }

  proof(): ReadProof {
    return {
      server: this.#server,
      ...(this.#controller === undefined ? {} : { controller: this.#controller }),
      pages: this.pages,
      emptyPages: this.emptyPages,
      cookieExhausted: this.#isExhausted,
      duplicates: this.#duplicates,
      unreadableValues: this.#unreadable,
      references: this.#references.size,
      ...(this.#references.size === 0 ? {} : { referenceUrls: [...this.#references].slice(0, 5).join(' ') }),
    };
  }
}

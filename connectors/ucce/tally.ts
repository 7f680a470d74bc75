// What a read has seen so far: the counts of its outcome, its proof, and every reason to doubt that it was complete.

import type { ReadOutcome, RejectedRecord } from '../../src/connector.ts';
import type { ErrorCode } from '../../src/model/errors.ts';
import { foldKey } from '../../src/model/keys.ts';
import type { UcceSettings } from './settings.ts';

export class Tally {
  accounts = 0;
  groups = 0;
  edges = 0;
  rejected = 0;
  /** Pages of the source, of agents and of teams. */
  pages = 0;
  readonly #proof = new Map<string, string | number | boolean>();
  readonly #doubts = new Set<string>();
  readonly #witnesses: Map<string, string>;
  readonly #expectAtLeast: number;
  #total: number | undefined;

  constructor(settings: UcceSettings) {
    this.#witnesses = new Map(settings.witnesses.map((witness) => [foldKey(witness), witness]));
    this.#expectAtLeast = settings.expectAtLeast;
  }

  note(name: string, value: string | number | boolean): void {
    this.#proof.set(name, value);
  }

  witness(...keys: readonly (string | undefined)[]): void {
    if (this.#witnesses.size === 0) return;
    for (const key of keys) if (key !== undefined) this.#witnesses.delete(foldKey(key));
  }

  /** Witnesses that did not come yet. */
  get missing(): readonly string[] {
    return [...this.#witnesses.values()];
  }

  reject(rejected: RejectedRecord): void {
    this.rejected += 1;
    if (rejected.id === undefined) this.doubt(`a record without a readable id: ${rejected.label}`);
  }

  doubt(because: string): void {
    this.#doubts.add(because);
  }

  /** What the source states, less what the configuration does not take. */
  expect(accounts: number): void {
    this.#total = accounts;
  }

  /** To be called when every list has come to its end. */
  outcome(serverIdentity: string): ReadOutcome {
    if (this.missing.length > 0) this.doubt(`witnesses are missing: ${this.missing.join(', ')}`);
    if (this.accounts < this.#expectAtLeast) {
      this.doubt(`${this.accounts} accounts came, but at least ${this.#expectAtLeast} were expected`);
    }
    if (this.#doubts.size > 0) return this.partial();
    const { accounts, groups, edges, rejected } = this;
    return {
      kind: 'complete',
      counts: { accounts, groups, edges, rejected },
      ...(this.#total === undefined ? {} : { total: { accounts: this.#total } }),
      proof: this.#record(),
      serverIdentity,
    };
  }

  partial(because?: string, errorCode?: ErrorCode): ReadOutcome {
    if (because !== undefined) this.doubt(because);
    const reason = { because: [...this.#doubts].join('; '), ...(errorCode === undefined ? {} : { errorCode }) };
    return { kind: 'partial', ...reason, proof: this.#record() };
  }

  #record(): Record<string, string | number | boolean> {
    return { ...Object.fromEntries(this.#proof), pages: this.pages };
  }
}

// What a read has seen so far: the counts of its outcome, its proof, and every reason to doubt that it was complete.
// UCCX states no totals, so a read is complete only when nothing at all speaks against it.

import type { ReadOutcome, ReadProof } from '../../src/connector.ts';
import type { ErrorCode } from '../../src/model/errors.ts';
import { foldKey } from '../../src/model/keys.ts';
import { identityOf, type UccxSettings } from './settings.ts';

export class Tally {
  accounts = 0;
  groups = 0;
  edges = 0;
  rejected = 0;
  duplicates = 0;
  /** The server that answered, and in which form. */
  server = '';
  format = '';
  requests = 0;
  /** The login is one of those who supervise. */
  loginSupervises = false;
  readonly #doubts = new Set<string>();
  readonly #witnesses: Map<string, string>;
  /** Supervisors who may be missing among the resources. */
  readonly #outside: ReadonlySet<string>;
  readonly #settings: UccxSettings;

  constructor(settings: UccxSettings) {
    this.#settings = settings;
    this.#witnesses = new Map(settings.witnesses.map((witness) => [foldKey(witness), witness]));
    this.#outside = new Set(settings.supervisorsOutside.map((userId) => foldKey(userId)));
  }

  witness(id: string): void {
    this.#witnesses.delete(id);
  }

  /** `id` is a supervisor, as a resource or for a team. */
  supervisor(id: string): void {
    if (id === foldKey(this.#settings.connection.login.user)) this.loginSupervises = true;
  }

  /** `id` supervises a team and is not among the resources. */
  outsider(id: string, team: string): void {
    if (this.#outside.has(id)) return;
    this.doubt(
      `${id} supervises the team ${team} but is not among the resources: the login may be that of a supervisor, who is shown only the agents of own teams; if it is that of an administrator, name ${id} under supervisorsOutside`,
    );
  }

  /** What a supervisor is shown cannot be told from everything, except by people of other teams. */
  get hasAllWitnesses(): boolean {
    return this.#settings.witnesses.length > 0 && this.#witnesses.size === 0;
  }

  doubt(because: string): void {
    this.#doubts.add(because);
  }

  duplicate(label: string): void {
    this.duplicates += 1;
    this.doubt(`${label} came more than once, so something else may have been left out`);
  }

  /** To be called when both lists have come. */
  outcome(): ReadOutcome {
    const { expectAtLeast, connection } = this.#settings;
    if (this.loginSupervises && !this.hasAllWitnesses)
      this.doubt(
        `the login ${connection.login.user} is a supervisor, who may be shown only the agents of own teams, and no witnesses show otherwise`,
      );
    if (this.#witnesses.size > 0) this.doubt(`witnesses are missing: ${[...this.#witnesses.values()].join(', ')}`);
    if (this.accounts < expectAtLeast)
      this.doubt(`${this.accounts} accounts came, but at least ${expectAtLeast} were expected`);
    if (this.#doubts.size > 0) return this.partial();
    const { accounts, groups, edges, rejected } = this;
    return {
      kind: 'complete',
      counts: { accounts, groups, edges, rejected },
      proof: this.#proof(),
      serverIdentity: identityOf(this.#settings),
    };
  }

  partial(because?: string, errorCode?: ErrorCode): ReadOutcome {
    if (because !== undefined) this.doubt(because);
    const reason = { because: [...this.#doubts].join('; '), ...(errorCode === undefined ? {} : { errorCode }) };
    return { kind: 'partial', ...reason, proof: this.#proof() };
  }

  #proof(): ReadProof {
    const { server, format, requests, duplicates } = this;
    return { server, format, requests, duplicates };
  }
}

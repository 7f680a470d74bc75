// Which agents and teams the configuration takes.
// Invariant: decided by what the record itself says, so a read and a question by id always agree.

import { foldKey } from '../../src/model/keys.ts';
import type { UcceSettings } from './settings.ts';

/** Where a record belongs, as UCCE writes it. */
export interface Place {
  /** Absent: the record is global. */
  readonly department: string | undefined;
  readonly peripheral: string | undefined;
  readonly peripheralId: string | undefined;
}

export class Scope {
  readonly #departments: ReadonlySet<string> | undefined;
  readonly #peripherals: ReadonlySet<string> | undefined;

  constructor({ departments, peripherals }: UcceSettings['agents']) {
    this.#departments = departments && new Set(departments.map(foldKey));
    this.#peripherals = peripherals && new Set(peripherals.map(foldKey));
  }

  /** Why an agent is not taken; undefined when it is. */
  outsideBecause(place: Place): string | undefined {
    const { department } = place;
    if (this.#departments !== undefined && !this.#departments.has(foldKey(department ?? ''))) {
      return `it is in ${department === undefined ? 'no department' : `the department ${department}`}, outside of agents.departments`;
    }
    return this.#isOnPeripheral(place)
      ? undefined
      : `it is on ${place.peripheral ?? place.peripheralId ?? 'no peripheral'}, outside of agents.peripherals`;
  }

  /** A team that says nothing of its department or peripheral serves all of them. */
  takesTeam({ department, peripheral, peripheralId }: Place): boolean {
    const isElsewhere =
      this.#departments !== undefined && department !== undefined && !this.#departments.has(foldKey(department));
    const saysPeripheral = peripheral !== undefined || peripheralId !== undefined;
    return !isElsewhere && (!saysPeripheral || this.#isOnPeripheral({ department, peripheral, peripheralId }));
  }

  #isOnPeripheral({ peripheral, peripheralId }: Place): boolean {
    if (this.#peripherals === undefined) return true;
    return [peripheral, peripheralId].some((name) => name !== undefined && this.#peripherals?.has(foldKey(name)));
  }
}

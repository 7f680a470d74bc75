// WHERE clauses that grow with the filters a person gives.

import type { Parameter } from './sql.ts';

/** Conditions with their parameters, numbered as they are added; only texts of this folder reach the SQL. */
export class Conditions {
  readonly parameters: Parameter[] = [];
  readonly #texts: string[] = [];

  /** `?` stands for the value. */
  add(text: string, ...values: readonly Parameter[]): void {
    let next = 0;
    this.#texts.push(
      text.replace(/\?/g, () => {
        this.parameters.push(values[next++] ?? null);
        return `$${this.parameters.length}`;
      }),
    );
  }

  get where(): string {
    return this.#texts.length === 0 ? '' : `WHERE ${this.#texts.join(' AND ')}`;
  }
}

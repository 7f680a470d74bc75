// Checks one law, and says of a counterexample what a person needs to see: the fault first, the state in short, the seed at the end.

import fc from 'fast-check';
import { sayState } from './say-state.ts';
import type { State } from './small-sync.ts';

export interface LawOptions<Values extends unknown[]> {
  readonly numRuns: number;
  /** The state that matters, where it is not one of the values. */
  readonly say?: (...values: NoInfer<Values>) => State;
}

/** More of them: `ROSTERD_LAWS=10000 npx vitest run --project laws`. */
const asked = process.env['ROSTERD_LAWS'];

export function checkLaw<Values extends [unknown, ...unknown[]]>(
  property: fc.IPropertyWithHooks<Values>,
  { numRuns, say }: LawOptions<Values>,
): void {
  const found = fc.check(property, { numRuns: asked === undefined ? numRuns : Number(asked) });
  if (!found.failed) return;
  const { errorInstance: error, counterexample, seed, counterexamplePath: path } = found;
  const because = error instanceof Error ? error.message : `too many stories were left out (${found.numSkips})`;
  const values = counterexample ?? [];
  const story =
    say === undefined || counterexample === null
      ? values.map((value) => (isState(value) ? sayState(value) : fc.stringify(value)))
      : [
          sayState(say(...counterexample)),
          ...values.filter((value) => !isState(value)).map((value) => fc.stringify(value).slice(0, 200)),
        ];
  throw new Error([because, ...story, `seed ${seed}, path ${path}`].join('\n'), { cause: error });
}

const isState = (value: unknown): value is State => typeof value === 'object' && value !== null && 'accounts' in value;

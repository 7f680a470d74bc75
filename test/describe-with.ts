// A suite that needs a part of the lab: `describeWith('samba', 'dirsync', () => { ... })`.
// Where the part is missing the suite is left out (and test/run.ts says so); with CI=true it fails instead.
import { describe, it } from 'vitest';
import { isContinuousIntegration, type Part, parts, sayMissing } from './lab/machine.ts';

export function describeWith(part: Part, name: string, suite: () => void): void {
  if (parts[part].isPresent()) {
    describe(name, suite);
  } else if (isContinuousIntegration()) {
    describe(name, () => {
      it(`needs ${parts[part].title}`, () => {
        throw new Error(`${sayMissing(part)}. With CI=true nothing may be left out.`);
      });
    });
  } else {
    describe.skip(`${name} (left out: ${sayMissing(part)})`, suite);
  }
}

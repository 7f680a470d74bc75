// Kill -9 anywhere, start again, same end state: a process dies before or after the commit of every one of its transactions, in the
// situations of histories/crash.ts. SQLite at every number; PostgreSQL, whose databases take longer to make, at some.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Location } from '../../src/store/clients.ts';
import { connections } from '../../src/store/clients.ts';
import { describeWith } from '../describe-with.ts';
import { type StorePlace, stores } from '../store/admin-stores.ts';
import { Office, type Situation, situations } from './histories/crash.ts';
import { type Death, dropTemplate } from './histories/installation.ts';

afterAll(dropTemplate);

/** Forty to a hundred runs in one test; a busy machine may take its time. */
const timeoutMs = 300_000;

interface Outcome {
  readonly state: unknown;
  readonly faults: readonly string[];
  readonly hasDied: boolean;
}

async function outcomeOf(situation: Situation, death?: Death, location?: Location): Promise<Outcome> {
  const office = await Office.open(location);
  try {
    await situation.prepare(office);
    const became = await situation.act(office, death);
    await situation.goOn(office);
    return { state: await office.state(), faults: await office.faults(), hasDied: became === 'died' };
  } finally {
    await office.close();
  }
}

describe.each(situations)('a process that dies in $name', (situation) => {
  // Of two sources only after each commit: dying before one is dying after the one before it.
  it.each(/sources?\b/u.test(situation.name) ? [true] : [true, false])(
    'leaves the same end state, whatever the transaction (committed: %s)',
    async (isCommitted) => {
      const whole = await outcomeOf(situation);
      expect(whole.faults).toEqual([]);
      let deaths = 0;
      for (let at = 1; ; at += 1) {
        const { state, faults, hasDied } = await outcomeOf(situation, { at, isCommitted });
        if (!hasDied) break;
        deaths += 1;
        expect({ at, state, faults }).toEqual({ at, state: whole.state, faults: [] });
      }
      // Lease, run, pages, plan, verdict, changes, end: less would mean that deaths are no longer where the work is.
      expect(deaths).toBeGreaterThanOrEqual(situation.name.startsWith('an approval') ? 5 : 12);
    },
    timeoutMs,
  );
});

describeWith('postgresql', 'a process that dies on PostgreSQL', () => {
  let place: StorePlace | undefined;
  let schemas = 0;

  beforeAll(async () => {
    place = await stores.find(({ name }) => name === 'PostgreSQL')?.start();
  });
  afterAll(() => place?.stop());

  const fresh = async (): Promise<Location> => {
    if (place?.location?.kind !== 'postgresql') throw new Error('PostgreSQL did not start');
    schemas += 1;
    const schema = `crash${schemas}`;
    const client = await connections(place.location, 1_000).openWriter();
    await client.$executeRawUnsafe(`CREATE SCHEMA ${schema}`);
    await client.$disconnect();
    return { ...place.location, schema };
  };

  it.each(situations)(
    'in $name leaves the same end state',
    async (situation) => {
      const whole = await outcomeOf(situation, undefined, await fresh());
      expect(whole.faults).toEqual([]);
      const numbers = situation.name.startsWith('an approval') ? [3, 5] : [3, 8, 12];
      for (const [index, at] of numbers.entries()) {
        const { state, faults, hasDied } = await outcomeOf(
          situation,
          { at, isCommitted: index % 2 === 0 },
          await fresh(),
        );
        expect({ at, state, faults, hasDied }).toEqual({ at, state: whole.state, faults: [], hasDied: true });
      }
    },
    timeoutMs,
  );
});

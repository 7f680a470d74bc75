// A dry run judges as the real one does and changes nothing: what it plans is what the real run then applies.

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/model/change.ts';
import type { Run } from '../../src/model/run.ts';
import { describeStores } from '../store/stores.ts';
import { type Office, type OfficeOptions, openOffice as openOfficeAt } from './sync-fixture.ts';
import { differingTables, tableDigests } from './sync-pictures.ts';

let office: Office;

afterEach(() => office.close());

describeStores('dry run', (stores) => {
  const openOffice = async (options: OfficeOptions = {}): Promise<Office> =>
    openOfficeAt(stores.kind === 'sqlite' ? options : { ...options, location: await stores.fresh() });

  const roleMapping = `    roleMapping:
      - { group: Leads, by: name, roles: [DEFAULT_TEAM_LEADER] }
`;

  const plainText = async (run: Run, isHeld: (state: string) => boolean): Promise<readonly string[]> =>
    (await office.changes(run))
      .filter(({ state }) => isHeld(state))
      .map(({ change }) => canonicalJson(change))
      .sort();

  describe('a dry run', () => {
    it('of an empty installation writes its run and its plan only', async () => {
      office = await openOffice({ source: roleMapping });
      await office.staff.hireMany(25);
      await office.staff.group('Leads', ['p000', 'p001']);
      const before = await tableDigests(office.store);

      const run = await office.dryRun();

      expect(run).toMatchObject({ state: 'done', dryRun: true, counts: { accountsRead: 25, planned: 26, applied: 0 } });
      expect(differingTables(before, await tableDigests(office.store))).toEqual(['changes', 'counters', 'runs']);
      expect(await office.users()).toEqual({});
      expect((await office.changes(run, ['planned'])).length).toBe(26);
    });

    it('of a running installation leaves mirror, users, findings and what waits as they are', async () => {
      office = await openOffice({ source: roleMapping });
      await office.staff.hireMany(30);
      await office.staff.group('Leads', ['p000', 'p001']);
      await office.sync();
      await office.staff.disable('p000', 'p001', 'p002', 'p003', 'p004', 'p005', 'p006');
      await office.staff.leave('Leads', 'p000');
      await office.staff.fire('p029');
      await office.staff.hire('joiner', { mail: 'not an address' });
      const before = await tableDigests(office.store);

      const dry = await office.dryRun();

      expect(differingTables(before, await tableDigests(office.store))).toEqual(['changes', 'counters', 'runs']);
      expect(dry).toMatchObject({ state: 'held', counts: { held: 8 } });
      const real = await office.sync();
      expect(await plainText(real, (state) => state === 'held')).toEqual(
        await plainText(dry, (state) => state === 'held'),
      );
      expect(await plainText(real, (state) => state === 'applied')).toEqual(
        await plainText(dry, (state) => state === 'planned'),
      );
    });

    it('judges with the removals of the last 24 hours, and knows what was approved and rejected', async () => {
      office = await openOffice();
      const logins = await office.staff.hireMany(40);
      await office.sync();
      await office.staff.disable(...logins.slice(0, 4));
      await office.sync();
      await office.staff.disable(...logins.slice(4, 8));

      expect(await office.dryRun()).toMatchObject({ state: 'held', counts: { held: 4 } });

      const held = await office.sync();
      expect(held).toMatchObject({ state: 'held', counts: { held: 4 } });
      await office.reject(held);
      expect(await office.dryRun()).toMatchObject({ state: 'done' });
    });

    it('that cannot read the directory fails as the real one would', async () => {
      office = await openOffice();
      await office.staff.hireMany(3);
      await office.sync();
      const before = await tableDigests(office.store);
      office.server.faults.add({ kind: 'close', at: 'bind' });

      expect(await office.dryRun()).toMatchObject({ state: 'failed', errorCode: 'source-connection-lost' });

      expect(differingTables(before, await tableDigests(office.store))).toEqual(['counters', 'runs']);
    });

    it('cannot be approved', async () => {
      office = await openOffice();
      const logins = await office.staff.hireMany(20);
      await office.sync();
      await office.staff.disable(...logins.slice(0, 10));
      const dry = await office.dryRun();

      await expect(office.approve(dry)).rejects.toMatchObject({ code: 'nothing-held' });
    });

    it('beside a running real run neither waits for it nor disturbs it', async () => {
      office = await openOffice();
      await office.staff.hireMany(60);
      office.server.faults.add({ kind: 'slow', entryMs: 5 });
      const real = office.sync();
      while (!office.events.some((event) => event.kind === 'phase:progressed'))
        await new Promise((r) => setTimeout(r, 5));

      const dry = await office.dryRun();

      expect(dry.state).toBe('done');
      expect(dry.counts.planned).toBeGreaterThan(0);
      expect(await real).toMatchObject({ state: 'done', counts: { created: 60 } });
    });
  });

  type Step = {
    readonly who: number;
    readonly what: 'disable' | 'enable' | 'rename' | 'field' | 'mail' | 'join' | 'leave' | 'fire';
  };

  async function take(step: Step, index: number): Promise<void> {
    const login = `p00${step.who}`;
    const { staff } = office;
    try {
      if (step.what === 'disable') await staff.disable(login);
      else if (step.what === 'enable') await staff.enable(login);
      else if (step.what === 'rename') await staff.rename(login, `r${index}-${step.who}`);
      else if (step.what === 'field') await staff.set(login, 'department', `D${index}`);
      else if (step.what === 'mail') await staff.set(login, 'mail', `p00${(step.who + 1) % 8}@example.test`);
      else if (step.what === 'join') await staff.join('Leads', login);
      else if (step.what === 'leave') await staff.leave('Leads', login);
      else await staff.fire(login);
    } catch (error) {
      // Of somebody who has left already.
      if (!(error instanceof Error) || !/nobody is called|not exist|NO_OBJECT/u.test(error.message)) throw error;
    }
  }

  describe('over any history', () => {
    it('plans exactly what the real run then applies', async () => {
      office = await openOffice({ source: roleMapping });
      await office.staff.hireMany(8);
      await office.staff.group('Leads', ['p000', 'p001']);
      await office.sync();
      const stepOf = fc.record({
        who: fc.integer({ min: 0, max: 7 }),
        what: fc.constantFrom<Step['what']>('disable', 'enable', 'rename', 'field', 'mail', 'join', 'leave', 'fire'),
      });
      let index = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 5 }), async (steps) => {
          for (const step of steps) await take(step, index++);
          const before = await tableDigests(office.store);
          const dry = await office.dryRun();
          expect(differingTables(before, await tableDigests(office.store)).filter((t) => t !== 'changes')).toEqual([
            'counters',
            'runs',
          ]);
          const real = await office.sync();
          expect(real.state).toBe(dry.state);
          expect(real.counts.conflict).toBe(0);
          const applied = await plainText(real, (state) => state === 'applied');
          expect(applied).toEqual(await plainText(dry, (state) => state === 'planned'));
          expect(await office.findings()).not.toContain('verify-mismatch hq');
        }),
        { numRuns: 15, endOnFailure: true },
      );
    });
  });
});

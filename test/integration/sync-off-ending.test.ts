// Who is told of before the sync switch goes back on: found at every moment between the command and the end, with the real planner.

import { afterEach, describe, expect, it } from 'vitest';
import { asEpochMs, type EpochMs } from '../../src/model/ids.ts';
import { day, hour, type Office, openOffice } from './sync-fixture.ts';

let office: Office;

afterEach(() => office.close());

/** Windows FILETIME: 100 ns since 1601. */
const fileTime = (at: EpochMs): string => ((BigInt(at) + 11_644_473_600_000n) * 10_000n).toString();
const inMs = (ms: number): EpochMs => asEpochMs(office.now() + ms);

const ending = async (): Promise<number> =>
  (await office.store.read.syncOffEnding(office.now() as EpochMs, inMs(day))).length;

describe('a sync switch that is about to end', () => {
  it('is found before the next plan, after it, and while another due time of the user comes and goes', async () => {
    office = await openOffice();
    await office.staff.hire('mira', { accountExpires: fileTime(inMs(10 * hour)) });
    await office.staff.hire('jan');
    await office.sync();

    await office.admin.switchSyncOff({
      user: 'mira',
      reason: 'on loan',
      until: new Date(inMs(30 * hour)).toISOString(),
    });
    await office.admin.switchSyncOff({ user: 'jan', reason: 'on loan' });
    expect(await ending()).toBe(0);
    office.forward(7 * hour);
    expect(await ending()).toBe(1);

    await office.sync();
    expect(await ending()).toBe(1);
    office.forward(4 * hour);
    await office.sync();
    expect(await office.findings()).toEqual(['sync-off-but-disabled mira']);
    expect(await ending()).toBe(1);

    office.forward(20 * hour);
    expect(await ending()).toBe(0);
    await office.sync();
    expect((await office.user('mira')).enabled).toBe(false);
    expect(await ending()).toBe(0);
  });
});

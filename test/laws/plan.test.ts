// Laws of the plan, on random histories: each is one sentence of the design.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MirrorAccount } from '../../src/model/account.ts';
import { type ChangePart, canonicalJson, subjectKey } from '../../src/model/change.ts';
import { foldKey } from '../../src/model/keys.ts';
import { isPinActive, type User } from '../../src/model/user.ts';
import { checksumText } from '../../src/reconcile/checksum.ts';
import { takesManualGrants } from '../../src/reconcile/memberships.ts';
import { linkedAccounts } from '../../src/reconcile/situation.ts';
import { sources } from './any-policy.ts';
import { happen, history, runEvent, settle, timeEvent } from './history.ts';
import { applyPlan, changesOf, type Order, planRun, runSource, type State } from './small-sync.ts';
import { ad, policy } from './small-world.ts';
import { moveAccount, sourceEvent } from './source-events.ts';

const anySource = fc.constantFrom(...sources);
const runs = { numRuns: 250 };

const shuffled = (seed: number): Order => {
  let state = seed;
  return (items) =>
    items
      .map((item) => {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        return { item, at: state };
      })
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
};

const isArrival = ({ part }: ChangePart): boolean => part === 'linked' || part === 'created';

const sorted = (values: readonly unknown[]): readonly string[] => values.map(canonicalJson).sort();

describe('plan after apply', () => {
  it('is empty, for every source and after any history', () => {
    fc.assert(
      fc.property(history(), anySource, (state, source) => {
        const again = planRun(runSource(state, source), source);
        expect(changesOf(again)).toEqual([]);
      }),
      runs,
    );
  });

  it('leaves no team change behind, once rings of names have had their second turn', () => {
    fc.assert(
      fc.property(history(), anySource, (state, source) => {
        const after = runSource(runSource(state, source), source);
        expect(planRun(after, source).teamChanges).toEqual([]);
      }),
      runs,
    );
  });

  it('leaves nothing that waits for another source once every source has run', () => {
    fc.assert(
      fc.property(history(), (state) => {
        const after = settle(state);
        for (const source of sources) {
          const plan = planRun(after, source);
          expect(changesOf(plan)).toEqual([]);
          expect(plan.decisions.flatMap(({ pendingFor }) => pendingFor ?? [])).toEqual([]);
        }
      }),
      runs,
    );
  });
});

describe('order', () => {
  it('of records, users and claims never changes what is decided', () => {
    fc.assert(
      fc.property(history(), anySource, fc.nat(), (state, source, seed) => {
        const plan = planRun(state, source);
        const other = planRun(state, source, shuffled(seed));
        expect(checksumText(changesOf(other))).toBe(checksumText(changesOf(plan)));
        expect(sorted(other.teamChanges)).toEqual(sorted(plan.teamChanges));
        expect(sorted([...other.refused])).toEqual(sorted([...plan.refused]));
        expect(sorted([...other.atomic])).toEqual(sorted([...plan.atomic]));
        const findings = (of: typeof plan) => sorted(of.decisions.flatMap((decision) => decision.findings));
        expect(findings(other)).toEqual(findings(plan));
      }),
      runs,
    );
  });
});

describe('absence of data', () => {
  it('changes nothing when records are missing', () => {
    fc.assert(
      fc.property(history(), anySource, fc.array(fc.nat()), (state, source, picks) => {
        const before = settle(state);
        const keys = [...before.accounts.keys()];
        const after = picks.reduce((one, pick) => {
          const key = keys[pick % Math.max(1, keys.length)];
          const account = key === undefined ? undefined : one.accounts.get(key);
          return key === undefined || account?.presence.state !== 'present' ? one : moveAccount(one, key, 'missing');
        }, before);
        // A rival that is not seen any more may end a dispute between two free accounts: who arrives by that may push others.
        const changes = changesOf(planRun(after, source));
        fc.pre(!changes.some(({ parts }) => parts.some(isArrival)));
        expect(changes).toEqual([]);
      }),
      runs,
    );
  });

  it('changes nothing when attributes cannot be read', () => {
    fc.assert(
      fc.property(
        history(),
        anySource,
        fc.subarray(['name', 'mail', 'first', 'ext', 'type']),
        (state, source, lost) => {
          const before = settle(state);
          const accounts = new Map(
            [...before.accounts].map(([key, one]) => {
              const attributes = Object.fromEntries(
                Object.entries(one.attributes).filter(([name]) => !lost.includes(name)),
              );
              return [key, one.userId === undefined ? one : { ...one, attributes, unread: lost }] as const;
            }),
          );
          const changes = changesOf(planRun({ ...before, accounts }, source));
          fc.pre(!changes.some(({ parts }) => parts.some(isArrival)));
          expect(changes).toEqual([]);
        },
      ),
      runs,
    );
  });
});

describe('what is local or pinned', () => {
  it('survives whatever sources say and however often they run', () => {
    const happenings = fc.array(fc.oneof(sourceEvent, runEvent, timeEvent), { maxLength: 15 });
    fc.assert(
      fc.property(history(), happenings, (state, events) => {
        const before = settle(state);
        const after = settle(happen(before, events));
        for (const user of before.users.values()) expectKept(user, after);
      }),
      runs,
    );
  });
});

function expectKept(before: User, state: State): void {
  const after = state.users.get(before.id);
  expect(after).toBeDefined();
  if (after === undefined) return;
  const pins = after.pins.filter((one) => isPinActive(one, state.now));
  const isOut = (kind: string, subject: string) =>
    before.pins.some((one) => one.kind === kind && one.subject === subject && one.mode === 'keep-out');
  const linkedSources = state.policy.sources.filter(({ name }) => after.links.some(({ source }) => source === name));
  const removesMemberships = linkedSources.some(({ manualMemberships }) => manualMemberships === 'remove');
  for (const one of before.memberships) {
    if (one.owner !== 'local' || removesMemberships || isOut('membership', `${one.team}`)) continue;
    expect(after.memberships).toContainEqual(one);
  }
  const isTaken = linkedSources.some(({ type }) => type === 'uccx' || type === 'ucce');
  for (const one of before.grants) {
    const isPinned = before.pins.some(
      (pin) => pin.kind === 'grant' && pin.subject === `${one.team}` && pin.until === undefined,
    );
    if (one.owner === 'local' && !isOut('grant', `${one.team}`) && (isPinned || !isTaken)) {
      expect(after.grants.some(({ team }) => team === one.team)).toBe(true);
    }
  }
  for (const one of before.roles) {
    if (one.owner === 'local' && !isOut('role', one.role)) expect(after.roles).toContainEqual(one);
  }
  for (const one of before.attributes) if (one.owner === 'local') expect(after.attributes).toContainEqual(one);
  for (const [field, value] of Object.entries(before.values)) {
    if (value.owner === 'local') expect(after.values[field as keyof typeof after.values]).toBeDefined();
  }
  if (after.links.length === 0 || after.syncOff !== undefined) return;
  for (const pin of pins) {
    const teams = pin.kind === 'membership' ? after.memberships : pin.kind === 'grant' ? after.grants : undefined;
    if (teams !== undefined) expect(teams.some(({ team }) => `${team}` === pin.subject)).toBe(pin.mode === 'keep');
    if (pin.kind === 'field') expect(after.values.firstName?.value).toBe(pin.value);
    if (pin.kind === 'enabled' && after.adminHold === undefined) expect(`${after.enabled}`).toBe(pin.value);
  }
  if (after.adminHold !== undefined) expect(after.enabled).toBe(false);
}

describe('main team', () => {
  it('is exactly one of its own for each user with teams, and none for the others', () => {
    fc.assert(
      fc.property(history(), (state) => {
        for (const user of state.users.values()) {
          const teams = user.memberships.map(({ team }) => team);
          if (teams.length === 0) expect(user.mainTeam).toBeUndefined();
          else expect(teams).toContain(user.mainTeam);
        }
      }),
      runs,
    );
  });
});

describe('unique keys', () => {
  it('are unique after every run of any history', () => {
    fc.assert(
      fc.property(history(), anySource, (state, source) => {
        const after = runSource(state, source);
        for (const field of ['username', 'email'] as const) {
          const keys = [...after.users.values()].flatMap((user) => user.values[field]?.value ?? []).map(foldKey);
          expect(new Set(keys).size).toBe(keys.length);
        }
      }),
      runs,
    );
  });
});

describe('absence and return', () => {
  it('restores everything that the absence of directory accounts had frozen', () => {
    fc.assert(
      fc.property(history(fc.constant(policy())), fc.array(fc.nat(3), { minLength: 1 }), (state, picks) => {
        const before = settle(state);
        const own = [...before.accounts.values()].filter((one) => one.source === ad && isQuiet(one));
        const going = [...new Set(picks.flatMap((pick) => own[pick % Math.max(1, own.length)]?.key ?? []))];
        const away = going.reduce((one, key) => moveAccount(one, key, 'absent'), before);
        const back = going.reduce((one, key) => moveAccount(one, key, 'present'), runSource(away, ad));
        expect(inOrder(runSource(back, ad))).toEqual(inOrder(before));
      }),
      runs,
    );
  });
});

/** Rows have no order of their own. */
const inOrder = ({ users }: State) =>
  [...users.values()].map((one) => ({
    ...one,
    attributes: sorted(one.attributes),
    memberships: sorted(one.memberships),
    grants: sorted(one.grants),
    roles: sorted(one.roles),
  }));

const isQuiet = (one: MirrorAccount): boolean =>
  one.presence.state === 'present' && one.quarantine === undefined && one.userId !== undefined;

describe('conservation', () => {
  it("changes nobody's access without a part that says so", () => {
    fc.assert(
      fc.property(history(), anySource, (state, source) => {
        const plan = planRun(state, source);
        const after = applyPlan(state, plan);
        const changed = new Map(changesOf(plan).map((change) => [subjectKey(change.subject), change]));
        for (const before of state.users.values()) {
          const now = after.users.get(before.id);
          const parts = changed.get(`user:${before.id}`)?.parts ?? [];
          if (parts.length === 0) expect(now).toBe(before);
          const said = (kind: string) => parts.filter((part) => part.part === kind).length;
          const moved = (rows: (of: User | undefined) => readonly unknown[]) => {
            const [was, is] = [sorted(rows(before)), sorted(rows(now))];
            return was.filter((one) => !is.includes(one)).length + is.filter((one) => !was.includes(one)).length;
          };
          expect(moved((of) => of?.memberships ?? [])).toBe(said('membership'));
          expect(moved((of) => of?.grants ?? [])).toBe(said('grant'));
          expect(moved((of) => of?.roles ?? [])).toBe(said('role'));
          expect(before.enabled === now?.enabled).toBe(said('enabled') === 0);
          expect(before.mainTeam === now?.mainTeam).toBe(said('main-team') === 0);
        }
      }),
      runs,
    );
  });

  it('takes grants by hand only from users whose account of a contact centre is live', () => {
    fc.assert(
      fc.property(history(), anySource, (state, source) => {
        const plan = planRun(state, source);
        for (const change of changesOf(plan)) {
          if (change.subject.kind !== 'user') continue;
          const user = state.users.get(change.subject.id);
          const losses = change.parts.filter(
            (part) => part.part === 'grant' && part.op === 'remove' && part.owner === 'local',
          );
          if (user === undefined || losses.length === 0) continue;
          const isLinkedNow = change.parts.some((part) => part.part === 'linked');
          const live = linkedAccounts(plan.world, user, [...state.accounts.values()]).some(
            (one) => one.standing === 'live' && takesManualGrants(one.source) && one.account.source === source,
          );
          const isPinnedOut = user.pins.some((pin) => pin.kind === 'grant' && pin.mode === 'keep-out');
          expect(live || isLinkedNow || isPinnedOut).toBe(true);
        }
      }),
      runs,
    );
  });
});

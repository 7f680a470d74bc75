// When every source has run, users are what the sources, the policy and people say: against a plain restatement (expected.ts).

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldName, User } from '../../src/model/user.ts';
import { isSyncOff } from '../../src/model/user.ts';
import { checkLaw } from './check-law.ts';
import { activePin, expectedEnabled, expectedField, expectedRows, isGone, isWaiting, voicesOf } from './expected.ts';
import { history, settle } from './history.ts';
import { planRun, type State } from './small-sync.ts';

const runs = { numRuns: 250 };

const followed = (state: State): readonly User[] =>
  [...state.users.values()].filter((user) => user.links.length > 0 && !isSyncOff(user, state.now));

const eachUser = (check: (state: State, user: User) => void) =>
  checkLaw(
    fc.property(history(), (state) => {
      const after = settle(state);
      for (const user of followed(after)) check(after, user);
    }),
    { ...runs, say: settle },
  );

describe('a settled user', () => {
  it('has the fields that the first source in the precedence gives', () => {
    eachUser((state, user) => {
      const claimed = planRun(state, user.links[0]?.source as never).refused;
      for (const field of ['username', 'email', 'firstName', 'phone'] as FieldName[]) {
        if (activePin(state, user, 'field', field) !== undefined) continue;
        const isKept = field === 'username' && voicesOf(state, user).some(({ source }) => source.rename === 'keep');
        if (isKept || claimed.has(`${field}:user:${user.id}`)) continue;
        const should = expectedField(state, user, field);
        if (should === undefined) continue;
        const { value, owner } = user.values[field] ?? {};
        expect({ field, value, owner }).toEqual({ field, value: should.value, owner: should.owner });
      }
    });
  });

  it('has access when the authorities, else the votes, else anybody at all knows the person', () => {
    eachUser((state, user) => {
      const pin = activePin(state, user, 'enabled', '-');
      const should = user.adminHold ? false : pin === undefined ? expectedEnabled(state, user) : pin.value === 'true';
      if (should !== undefined) expect(user.enabled).toBe(should);
    });
  });

  it('has of each source exactly the teams, grants and roles that this source gives', () => {
    eachUser((state, user) => {
      const rows = {
        membership: user.memberships.map(({ team, owner }) => ({ key: `${team}`, owner })),
        grant: user.grants.map(({ team, owner }) => ({ key: `${team}`, owner })),
        role: user.roles.map(({ role, owner }) => ({ key: role, owner })),
      };
      for (const voice of voicesOf(state, user)) {
        for (const kind of ['membership', 'grant', 'role'] as const) {
          const should = expectedRows(state, voice, kind);
          if (should === undefined) continue;
          const isFree = (key: string) =>
            activePin(state, user, kind, key) === undefined &&
            !(key === 'SUPERVISOR' && voice.live.some(({ attributes }) => attributes['type'] === undefined));
          const has = rows[kind].filter(({ key, owner }) => owner === voice.source.name && isFree(key));
          const { name } = voice.source;
          expect({ name, kind, has: has.map(({ key }) => key).sort() }).toEqual({
            name,
            kind,
            has: [...should].filter(isFree).sort(),
          });
        }
      }
    });
  });

  it('keeps nothing of a source to which it has no account', () => {
    eachUser((state, user) => {
      const linked = new Set<string>(['local', ...user.links.map(({ source }) => source)]);
      for (const [kind, rows] of [
        ['membership', user.memberships],
        ['grant', user.grants],
      ] as const) {
        for (const { owner, team } of rows)
          if (activePin(state, user, kind, `${team}`) === undefined) expect([...linked]).toContain(owner);
      }
      for (const { owner } of user.attributes) expect([...linked]).toContain(owner);
    });
  });

  it('has links that say which accounts are gone', () => {
    eachUser((state, user) => {
      for (const link of user.links) {
        const account = state.accounts.get(link.account);
        const source = state.policy.sources.find(({ name }) => name === link.source);
        if (account === undefined || source === undefined || isWaiting(state, account, link)) continue;
        const { presence } = account;
        // Out of sight, or in its grace: nobody knows, and the link says what was known before.
        if (presence.state !== 'present' && !isGone(state, source, presence)) continue;
        expect(link.state).toBe(presence.state === 'present' ? 'active' : 'gone');
      }
    });
  });

  it('has what people pinned, and nothing by hand that a contact centre takes away', () => {
    eachUser((state, user) => {
      for (const kind of ['membership', 'grant'] as const) {
        const rows = kind === 'membership' ? user.memberships : user.grants;
        for (const { subject, mode, until } of user.pins.filter((pin) => pin.kind === kind)) {
          if (until !== undefined && until <= state.now) continue;
          expect(rows.some(({ team }) => `${team}` === subject)).toBe(mode === 'keep');
        }
        const isTaken = voicesOf(state, user).some(
          ({ source, live, isDisputed }) =>
            live.length > 0 &&
            !isDisputed &&
            (kind === 'grant' ? source.type !== 'active-directory' : source.manualMemberships === 'remove'),
        );
        const byHand = rows.filter(({ owner, team }) => owner === 'local' && !activePin(state, user, kind, `${team}`));
        if (isTaken) expect(byHand).toEqual([]);
      }
    });
  });
});

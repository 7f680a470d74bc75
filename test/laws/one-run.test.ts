// What the run of one source may do to users who have accounts in others too: its own part, and nothing of theirs.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change, UserChangePart } from '../../src/model/change.ts';
import type { SourceName } from '../../src/model/ids.ts';
import { foldKey } from '../../src/model/keys.ts';
import { isPinActive, isSyncOff, type User } from '../../src/model/user.ts';
import { sources } from './any-policy.ts';
import { checkLaw } from './check-law.ts';
import { activePin, expectedEnabled, voicesOf } from './expected.ts';
import { history } from './history.ts';
import { applyPlan, changesOf, planRun, type State } from './small-sync.ts';

const runs = { numRuns: 250 };
const anySource = fc.constantFrom(...sources);

interface Act {
  readonly source: SourceName;
  readonly before: State;
  readonly after: State;
  /** As it is, and as it is with the accounts that this plan links. */
  readonly user: User;
  readonly became: User;
  readonly change: Change;
}

const eachChange = (check: (act: Act, part: UserChangePart) => unknown) =>
  checkLaw(
    fc.property(history(), anySource, (before, source) => {
      const plan = planRun(before, source);
      const after = applyPlan(before, plan);
      for (const change of changesOf(plan)) {
        const user = change.subject.kind === 'user' ? before.users.get(change.subject.id) : undefined;
        const became = user === undefined ? undefined : after.users.get(user.id);
        if (user === undefined || became === undefined) continue;
        for (const part of change.parts as readonly UserChangePart[])
          check({ source, before, after, user, became, change }, part);
      }
    }),
    runs,
  );

const isLinked = ({ became }: Act, owner: string): boolean => became.links.some(({ source }) => source === owner);

/** Of the source itself, or of one that has no run that would ever look at this user. */
const isOwn = (act: Act, owner: string): boolean =>
  owner === act.source || (owner !== 'local' && !isLinked(act, owner));

describe('the run of one source', () => {
  it('gives and takes only rows of its own, and local ones where the policy or a pin says so', () => {
    eachChange((act, part) => {
      if (part.part !== 'membership' && part.part !== 'grant' && part.part !== 'role') return;
      if (part.owner !== 'local') return expect(isOwn(act, part.owner)).toBe(true);
      const subject = part.part === 'role' ? part.role : `${part.team.id}`;
      const pin = activePin(act.before, act.user, part.part, subject)?.mode;
      if (part.op === 'add') return expect(pin).toBe('keep');
      const policy = act.before.policy.sources.find(({ name }) => name === act.source);
      const takes =
        part.part === 'grant' ? policy?.type !== 'active-directory' : policy?.manualMemberships === 'remove';
      expect(pin === 'keep-out' || (pin === undefined && takes && part.part !== 'role')).toBe(true);
    });
  });

  it('takes a local row only while an account of the source is live', () => {
    eachChange((act, part) => {
      if ((part.part !== 'membership' && part.part !== 'grant') || part.op === 'add' || part.owner !== 'local') return;
      if (activePin(act.before, act.user, part.part, `${part.team.id}`) !== undefined) return;
      const voice = voicesOf(act.after, act.became).find(({ source }) => source.name === act.source);
      expect(voice !== undefined && voice.live.length > 0 && !voice.isDisputed).toBe(true);
    });
  });

  it('never touches attributes and link states of another source, nor local ones', () => {
    eachChange((act, part) => {
      if (part.part === 'attribute') expect(isOwn(act, part.owner)).toBe(true);
      if (part.part === 'link-state' || part.part === 'linked') expect(part.source).toBe(act.source);
    });
  });

  it('leaves a field to the source whose word changes it', () => {
    eachChange((act, part) => {
      if (part.part !== 'field' || part.rule === 'pinned' || part.field === 'username' || part.field === 'email')
        return;
      const [before, after] = [part.before?.owner, part.after?.owner];
      if (after === undefined) return expect(isOwn(act, `${before}`)).toBe(true);
      const { precedence, sources: all } = act.before.policy;
      const order = [...(precedence[part.field] ?? []), ...all.map(({ name }) => name)];
      const comesThrough = before === act.source && order.indexOf(act.source) < order.indexOf(after as SourceName);
      expect(after === act.source || comesThrough).toBe(true);
    });
  });

  it('leaves everything of a disputed account as it is, but for pins and for what comes before it', () => {
    eachChange((act, part) => {
      const disputed = voicesOf(act.after, act.became).filter(({ isDisputed }) => isDisputed);
      const isDisputed = (owner: string | undefined) => disputed.some(({ source }) => source.name === owner);
      if (part.part === 'attribute') return expect(isDisputed(part.owner)).toBe(false);
      if (part.part === 'link-state') return expect(isDisputed(part.source)).toBe(false);
      if (part.part === 'membership' || part.part === 'grant' || part.part === 'role') {
        const subject = part.part === 'role' ? part.role : `${part.team.id}`;
        const isOut = activePin(act.before, act.user, part.part, subject)?.mode === 'keep-out';
        return expect(isDisputed(part.owner) && !isOut).toBe(false);
      }
      if (part.part !== 'field' || part.rule === 'pinned' || part.rule === 'kept-conflict') return;
      expect(isDisputed(part.after?.owner)).toBe(false);
      if (!isDisputed(part.before?.owner)) return;
      const { precedence, sources: all } = act.before.policy;
      const order = [...(precedence[part.field] ?? []), ...all.map(({ name }) => name)] as string[];
      expect(order.indexOf(`${part.after?.owner}`)).toBeGreaterThanOrEqual(0);
      return expect(order.indexOf(`${part.before?.owner}`)).toBeGreaterThanOrEqual(
        order.indexOf(`${part.after?.owner}`),
      );
    });
  });

  it('changes access only by a word of its own, or of a person', () => {
    eachChange((act, part) => {
      if (part.part !== 'enabled' || ['admin-hold', 'pinned', 'activated', 'not-activated'].includes(part.because))
        return;
      const voices = voicesOf(act.after, act.became);
      const own = voices.find(({ source }) => source.name === act.source);
      const isAlive = own?.live.some(
        ({ status, expiresAt }) => status !== 'disabled' && !(expiresAt !== undefined && expiresAt <= act.after.now),
      );
      const first = (['authority', 'vote', 'none'] as const).find((kind) =>
        voices.some(({ source }) => source.lifecycle === kind),
      );
      expect(own?.source.lifecycle).toBe(first);
      // No answer where only a disputed account could say: then nothing changes.
      expect(expectedEnabled(act.after, act.became)).toBe(part.after);
      // Who gives access must be alive there itself; an authority or the last vote takes it by its own no.
      if (first !== 'none' && (part.after || first === 'authority')) expect(isAlive).toBe(part.after);
    });
  });
});

describe('the main team', () => {
  it('stays while it can, and is else the first by rank and name of those that may be main', () => {
    checkLaw(
      fc.property(history(), anySource, (before, source) => {
        const after = applyPlan(before, planRun(before, source));
        for (const [id, user] of after.users) {
          const old = before.users.get(id);
          const isLookedAt = user !== old && !isSyncOff(user, after.now);
          if (isLookedAt) expectMain({ ...after, teams: new Map([...after.teams, ...before.teams]) }, user, old);
          else expect(user.mainTeam).toBe(old?.mainTeam);
        }
      }),
      runs,
    );
  });
});

/** By the names that teams had when the plan was made. */
function expectMain(state: State, user: User, old: User | undefined): unknown {
  const teams = [...new Set(user.memberships.map(({ team }) => team))];
  const pin = user.pins.find(({ kind }) => kind === 'main-team');
  const pinned = teams.find((team) => pin !== undefined && isPinActive(pin, state.now) && `${team}` === pin.value);
  if (pinned !== undefined) return expect(user.mainTeam).toBe(pinned);
  if (old?.mainTeam !== undefined && teams.includes(old.mainTeam)) return expect(user.mainTeam).toBe(old.mainTeam);
  const { rank, ineligible } = state.policy.mainTeam;
  const nameOf = (team: number) => foldKey([...state.teams.values()].find(({ id }) => id === team)?.name ?? '');
  const rankOf = (team: number) =>
    Math.min(...user.memberships.filter((row) => row.team === team).map(({ owner }) => rank[owner] ?? 0));
  const isOut = (team: number) =>
    ineligible.some((pattern) => pattern === '*' || nameOf(team).startsWith(pattern.replace('*', '')));
  const eligible = teams.some((team) => !isOut(team)) ? teams.filter((team) => !isOut(team)) : teams;
  const said = (team: number) => ({ rank: rankOf(team), name: nameOf(team) });
  const best = Math.min(...eligible.map(rankOf));
  const [first] = eligible
    .filter((team) => rankOf(team) === best)
    .map(nameOf)
    .sort();
  if (first === undefined) return expect(user.mainTeam).toBeUndefined();
  expect(said(user.mainTeam ?? 0)).toEqual({ rank: best, name: first });
  return expect(eligible).toContain(user.mainTeam);
}

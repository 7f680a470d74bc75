// What a settled user should be, said once more in the plainest way there is: from the accounts, the policy and what people set.
// Invariant: nothing of src/reconcile is asked, so that no mistake is made twice. `undefined` where history decides.

import type { MirrorAccount } from '../../src/model/account.ts';
import type { GroupKey, TeamId } from '../../src/model/ids.ts';
import type { SourcePolicy } from '../../src/model/policy.ts';
import type { FieldName, Pin, User } from '../../src/model/user.ts';
import type { State } from './small-sync.ts';
import { dayMs } from './small-world.ts';

const attributeOf: Readonly<Partial<Record<FieldName, string>>> = {
  username: 'name',
  email: 'mail',
  firstName: 'first',
  phone: 'phone',
};

/** One source as it stands to one user. */
export interface Voice {
  readonly source: SourcePolicy;
  readonly live: readonly MirrorAccount[];
  /** A disputed account: everything of the source stays as it is. */
  readonly isDisputed: boolean;
  /** No account is left, and what it gave stays or goes with it. */
  readonly gone: 'no' | 'frozen' | 'withdrawn';
}

/** The absence of the record has acted. */
export function isGone({ now }: State, source: SourcePolicy, presence: MirrorAccount['presence']): boolean {
  if (presence.state === 'absent') return now >= presence.since + source.absence.graceMs;
  return presence.state === 'out-of-scope' && now >= presence.since + dayMs;
}

/** Disputed, or not in its source while somebody there has its name and no user. */
export function isWaiting(state: State, account: MirrorAccount, link: User['links'][number]): boolean {
  if (account.quarantine !== undefined) return true;
  if (account.presence.state === 'present' || link.state === 'gone') return false;
  const source = state.policy.sources.find(({ name }) => name === account.source);
  return [...state.accounts.values()].some((one) => {
    if (source === undefined || one.source !== account.source || one.userId !== undefined) return false;
    if (one.presence.state !== 'present' && one.presence.state !== 'missing') return false;
    return keyIn(account, 'username') === keyIn(one, 'username') && findingRule(state, source, one) === 'username';
  });
}

const keyIn = ({ attributes }: MirrorAccount, rule: string): string | undefined =>
  attributes[rule === 'username' ? 'name' : 'mail']?.[0]?.toLowerCase();

/** The first rule by which an account finds a user: by another one's account, or by what a person entered. */
function findingRule(
  { policy, accounts, users }: State,
  source: SourcePolicy,
  free: MirrorAccount,
): string | undefined {
  const has = (name: string, rule: string) =>
    policy.sources.find((one) => one.name === name)?.mapping.fields[rule as FieldName] !== undefined;
  return source.correlation.find((rule) => {
    const key = has(source.name, rule) ? keyIn(free, rule) : undefined;
    const byAccount = [...accounts.values()].some(
      (one) => one !== free && one.userId !== undefined && has(one.source, rule) && keyIn(one, rule) === key,
    );
    const byHand = [...users.values()].some(({ values }) => {
      const value = values[rule as FieldName];
      return value?.owner === 'local' && value.value.toLowerCase() === key;
    });
    return key !== undefined && (byAccount || byHand);
  });
}

/** In order of the sources. */
export function voicesOf(state: State, user: User): readonly Voice[] {
  const linked = user.links.flatMap((link) => {
    const account = state.accounts.get(link.account);
    return account === undefined ? [] : [{ link, account }];
  });
  const speaking = state.policy.sources.filter(({ name }) => linked.some(({ account }) => account.source === name));
  return speaking.map((source): Voice => {
    const own = linked.filter(({ account }) => account.source === source.name);
    const isDisputed = own.some(({ account, link }) => isWaiting(state, account, link));
    const live = own.filter(({ link }) => link.state === 'active').map(({ account }) => account);
    const others = speaking.filter((other) => other !== source);
    const isDisabledByIt =
      source.lifecycle === 'authority' ||
      (others.every(({ lifecycle }) => lifecycle === 'none') && (source.lifecycle === 'vote' || others.length === 0));
    const left = source.onLeave === 'keep' && isDisabledByIt ? 'frozen' : 'withdrawn';
    return { source, live: byId(live), isDisputed, gone: live.length > 0 ? 'no' : left };
  });
}

const byId = (accounts: readonly MirrorAccount[]) => [...accounts].sort((a, b) => (a.id < b.id ? -1 : 1));

export const activePin = ({ now }: State, user: User, kind: Pin['kind'], subject: string): Pin | undefined =>
  user.pins.find((pin) => pin.kind === kind && pin.subject === subject && (pin.until === undefined || pin.until > now));

/** `value: undefined`: empty. No answer: nobody can say, and what was there stays. */
export function expectedField(
  state: State,
  user: User,
  field: FieldName,
): { readonly value: string | undefined; readonly owner?: string } | undefined {
  const voices = voicesOf(state, user);
  const order = [...(state.policy.precedence[field] ?? []), ...state.policy.sources.map(({ name }) => name)];
  for (const name of order) {
    const voice = voices.find(({ source }) => source.name === name);
    if (
      voice === undefined ||
      voice.source.mapping.fields[field] === undefined ||
      (voice.gone === 'withdrawn' && !voice.isDisputed)
    )
      continue;
    if (voice.isDisputed || voice.live.length > 1 || voice.gone === 'frozen') return undefined;
    const values = voice.live[0]?.attributes[attributeOf[field] ?? ''];
    if (values === undefined && user.values[field]?.owner === name) return undefined;
    if (values?.[0] !== undefined) return { value: values[0], owner: name };
  }
  const isTheirs = user.values[field] !== undefined && user.values[field].owner !== 'local';
  return field === 'username' || !isTheirs ? undefined : { value: undefined };
}

/** What the sources alone say of access. */
export function expectedEnabled(state: State, user: User): boolean | undefined {
  const opinions = voicesOf(state, user).map(({ source, live, isDisputed }) => {
    const isAlive = live.some(
      ({ status, expiresAt, quarantine }) =>
        quarantine === undefined && status !== 'disabled' && !(expiresAt !== undefined && expiresAt <= state.now),
    );
    return {
      lifecycle: source.lifecycle,
      isThere: live.length > 0,
      says: isAlive ? 'yes' : isDisputed ? 'maybe' : 'no',
    };
  });
  const ofKind = (kind: SourcePolicy['lifecycle']) => opinions.filter(({ lifecycle }) => lifecycle === kind);
  const [authorities, votes] = [ofKind('authority'), ofKind('vote')];
  if (authorities.length > 0) {
    if (authorities.some(({ says }) => says === 'no')) return false;
    return authorities.some(({ says }) => says === 'maybe') ? undefined : true;
  }
  if (votes.length > 0) {
    if (votes.some(({ says }) => says === 'yes')) return true;
    return votes.some(({ says }) => says === 'maybe') ? undefined : false;
  }
  return opinions.some(({ isThere, says }) => isThere || says === 'maybe');
}

/** Teams (as text) or roles that one source gives a user; no answer where it cannot say. */
export function expectedRows(
  state: State,
  voice: Voice,
  kind: 'membership' | 'grant' | 'role',
): ReadonlySet<string> | undefined {
  if (voice.isDisputed || voice.gone === 'frozen') return undefined;
  const given = new Set<string>();
  for (const account of voice.live) {
    if (kind === 'role') for (const role of rolesOf(state, voice.source, account)) given.add(role);
    const keys = kind === 'membership' ? account.memberOf : kind === 'grant' ? account.manages : [];
    for (const key of keys) {
      for (const one of kind === 'membership' && voice.source.teams.flatten ? above(state, voice.source, key) : [key]) {
        const team = teamFedBy(state, voice.source, one);
        if (team !== undefined) given.add(`${team}`);
      }
    }
  }
  return given;
}

function teamFedBy(state: State, source: SourcePolicy, key: GroupKey): TeamId | undefined {
  const group = state.groups.get(key);
  return group === undefined || isGone(state, source, group.presence) ? undefined : group.teamId;
}

/** The group, and whatever holds it. */
function above(state: State, source: SourcePolicy, start: GroupKey): readonly GroupKey[] {
  const found = new Set<GroupKey>();
  const waiting = [start];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const group = state.groups.get(key);
    if (found.has(key) || group === undefined || isGone(state, source, group.presence)) continue;
    found.add(key);
    waiting.push(...group.parents);
  }
  return [...found];
}

function rolesOf(state: State, source: SourcePolicy, account: MirrorAccount): readonly string[] {
  const groups = account.memberOf.flatMap((key) => above(state, source, key)).map((key) => state.groups.get(key)?.name);
  return source.roleMapping.flatMap((rule) => {
    if (rule.kind === 'group') return groups.includes(rule.group) ? rule.roles : [];
    return account.attributes[rule.attribute]?.[0] === rule.equals ? rule.roles : [];
  });
}

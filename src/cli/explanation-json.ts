// From an explanation to its shape in json.ts.

import type { ExplainedItem, UserExplanation } from '../admin/explain.ts';
import type { LastChange } from '../admin/last-changes.ts';
import { formatMoment } from '../admin/moments.ts';
import type { Pin } from '../model/user.ts';
import type { ExplainedItemJson, ExplanationJson, LastChangeJson, PinJson } from './json.ts';
import { userJson } from './to-json.ts';

const lastChangeJson = (change: LastChange | undefined): LastChangeJson | null =>
  change === undefined
    ? null
    : { ...change, at: formatMoment(change.at), run: change.run ?? null, rule: change.rule ?? null };

const pinJson = (pin: Pin): PinJson => ({
  kind: pin.kind,
  subject: pin.subject,
  mode: pin.mode,
  value: pin.value ?? null,
  by: pin.by,
  reason: pin.reason,
  since: formatMoment(pin.since),
  until: pin.until === undefined ? null : formatMoment(pin.until),
});

const pinOrNull = (pin: Pin | undefined): PinJson | null => (pin === undefined ? null : pinJson(pin));

const itemJson = (item: ExplainedItem): ExplainedItemJson => ({
  name: item.name,
  owners: item.owners.map(({ owner, account, state, rule, lastChange }) => ({
    owner,
    account: account ?? null,
    state,
    rule,
    lastChange: lastChangeJson(lastChange),
  })),
  pin: pinOrNull(item.pin),
});

export function explanationJson(explanation: UserExplanation): ExplanationJson {
  const { enabled, mainTeam } = explanation;
  return {
    user: userJson(explanation.user),
    accounts: explanation.accounts.map(({ dn, quarantine, since, ...account }) => ({
      ...account,
      dn: dn ?? null,
      quarantine: quarantine ?? null,
      since: formatMoment(since),
    })),
    enabled: {
      value: enabled.value,
      because: enabled.because,
      next: enabled.next ?? null,
      pin: pinOrNull(enabled.pin),
      lastChange: lastChangeJson(enabled.lastChange),
    },
    fields: explanation.fields.map(fieldJson),
    attributes: explanation.attributes.map(({ name, value, owner, state, wins, lastChange }) => ({
      name,
      value,
      owner,
      state,
      wins,
      lastChange: lastChangeJson(lastChange),
    })),
    teams: explanation.teams.map(itemJson),
    mainTeam: {
      name: mainTeam.name ?? null,
      next: mainTeam.next ?? null,
      rule: mainTeam.rule,
      others: mainTeam.others,
      pin: pinOrNull(mainTeam.pin),
      lastChange: lastChangeJson(mainTeam.lastChange),
    },
    grants: explanation.grants.map(itemJson),
    roles: explanation.roles.map((role) => ({ ...itemJson(role), effective: role.effective })),
    pins: explanation.pins.map(pinJson),
  };
}

function fieldJson(field: UserExplanation['fields'][number]): ExplanationJson['fields'][number] {
  const { next } = field;
  return {
    field: field.field,
    value: field.value ?? null,
    owner: field.owner ?? null,
    rule: field.rule,
    candidates: field.candidates.map((one) => ({ ...one, account: one.account ?? null, value: one.value ?? null })),
    next: next === undefined ? null : { value: next.value ?? null, owner: next.owner ?? null },
    pin: pinOrNull(field.pin),
    lastChange: lastChangeJson(field.lastChange),
  };
}

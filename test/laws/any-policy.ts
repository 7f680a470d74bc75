// Random configurations of four sources: an authority, a voter, and two without a say whose ids are reusable.
// What an operator may set differs from one to the next; whatever it is, the laws hold.

import fc from 'fast-check';
import type { SourceName } from '../../src/model/ids.ts';
import type { CorrelationKey, Policy, SourcePolicy } from '../../src/model/policy.ts';
import { ad, dayMs, policy, sourcePolicy, ucce, uccx, uccxTwo } from './small-world.ts';

export const sources: readonly SourceName[] = [ad, ucce, uccx, uccxTwo];

/** `sources` in any order. */
export const anyOrder = fc.shuffledSubarray([...sources], { minLength: sources.length });

/** Mostly the first one. */
const mostly = <Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const correlations: readonly (readonly CorrelationKey[])[] = [
  ['username', 'email'],
  ['email', 'username'],
  ['username'],
  ['email'],
];

const lifecycles: Readonly<Record<string, readonly SourcePolicy['lifecycle'][]>> = {
  [ad]: ['authority', 'vote'],
  [ucce]: ['vote', 'none'],
  [uccx]: ['none', 'vote'],
  [uccxTwo]: ['none', 'authority'],
};
const types: Readonly<Record<string, string>> = { [ad]: 'active-directory', [ucce]: 'ucce' };

const { mapping, absence, teams } = sourcePolicy();

const anySource = (name: SourceName): fc.Arbitrary<SourcePolicy> =>
  fc
    .record({
      lifecycle: mostly(...(lifecycles[name] as [SourcePolicy['lifecycle'], SourcePolicy['lifecycle']])),
      createUsers: mostly(true, false),
      rename: mostly<SourcePolicy['rename']>('follow', 'keep'),
      onLeave: mostly<SourcePolicy['onLeave']>('keep', 'withdraw'),
      manualMemberships: mostly<SourcePolicy['manualMemberships']>('keep', 'remove'),
      correlation: fc.constantFrom(...correlations),
      fields: fc.subarray(['email', 'firstName', 'phone'] as const, { minLength: 1 }),
      match: fc.constantFrom<SourcePolicy['teams']['match']>('separate', 'name'),
      flatten: mostly(false, true),
      graceMs: mostly(0, dayMs),
      role: mostly('AGENT', 'SUPERVISOR'),
    })
    .map(({ fields, match, flatten, graceMs, role, ...plain }) =>
      sourcePolicy({
        ...plain,
        name,
        type: types[name] ?? 'uccx',
        idStability: types[name] === undefined ? 'reusable' : 'immutable',
        mapping: {
          ...mapping,
          fields: Object.fromEntries(
            Object.entries(mapping.fields).filter(
              ([field]) => field === 'username' || (fields as readonly string[]).includes(field),
            ),
          ),
        },
        absence: { ...absence, graceMs },
        teams: { ...teams, match, flatten },
        roleMapping: [
          { kind: 'group', group: 'Agents', by: 'name', roles: [role] },
          { kind: 'attribute', attribute: 'type', equals: '2', roles: ['SUPERVISOR'] },
        ],
      }),
    );

const precedence = fc.option(
  fc.record({ firstName: fc.shuffledSubarray([...sources]), email: fc.shuffledSubarray([...sources]) }),
  { nil: {} },
);

const mainTeam = fc.record({
  rank: fc.constantFrom<Policy['mainTeam']['rank']>({}, { [ad]: 1 }, { [uccx]: -1, local: 2 }),
  ineligible: fc.constantFrom<readonly string[]>([], ['red*'], ['*']),
});

/** Any four sources in any rank. */
export const anyPolicy: fc.Arbitrary<Policy> = fc
  .tuple(fc.tuple(...sources.map(anySource)), anyOrder, precedence, mainTeam)
  .map(([configured, order, orders, main]) =>
    policy({
      sources: order.flatMap((name) => configured.filter((one) => one.name === name)),
      precedence: orders,
      mainTeam: main,
    }),
  );

// One source in the file, as far as every connector shares it; the other keys of a source belong to the connector's own schema.

import { z } from 'zod';
import { correlationKeys, type GuardPolicy } from '../model/policy.ts';
import { scheduleSchema } from './schema-daemon.ts';
import { attributeMappingSchema, fieldMappingSchema, matchKeysSchema, roleMappingSchema } from './schema-mapping.ts';
import { durationSchema, patternSchema, ratioSchema, uniqueList } from './schema-values.ts';

/** The guard's limits (design, section 4): each trips when ratio AND count are exceeded, or `always` alone. */
const limitDefaults: GuardPolicy = {
  accessLoss: { ratio: 0.05, count: 5, always: 500 },
  membershipRemovals: { ratio: 0.2, count: 20 },
  grantRemovals: { ratio: 0.2, count: 20 },
  roleRemovals: { ratio: 0.2, count: 20 },
  mainTeamChanges: { ratio: 0.2, count: 20 },
  renames: { ratio: 0.2, count: 20 },
  teamMembers: { ratio: 0.5, count: 5 },
  rolesAdded: { ratio: 0.05, count: 5 },
  fieldChanged: { ratio: 0.3, count: 20 },
  created: { ratio: 0.5, count: 50 },
};

const limitDescriptions: Readonly<Record<keyof GuardPolicy, string>> = {
  accessLoss: 'Users that would lose access (disabled, absent, out of scope).',
  membershipRemovals: 'Memberships taken away.',
  grantRemovals: 'Teams that users may no longer manage.',
  roleRemovals: 'Roles taken away.',
  mainTeamChanges: 'Users whose main team changes.',
  renames: 'Usernames that change.',
  teamMembers: 'Members taken out of one team (all of them is always held).',
  rolesAdded: 'Roles or grants added.',
  fieldChanged: 'Users on which the same field changes.',
  created: 'Users created (not while the mirror of the source is empty).',
};

const countSchema = z.number().int().min(0).max(1_000_000);

function limitSchema(name: keyof GuardPolicy) {
  const { ratio, count, always } = limitDefaults[name];
  const filled = z.strictObject({
    // prefault, not default: the default is written as a person would write it and goes through the same reading.
    ratio: ratioSchema.prefault(`${ratio * 100} %`),
    count: countSchema.default(count),
    always: always === undefined ? countSchema.optional() : countSchema.default(always),
  });
  return filled.prefault({}).describe(limitDescriptions[name]);
}

const guardSchema = z.strictObject({
  accessLoss: limitSchema('accessLoss'),
  membershipRemovals: limitSchema('membershipRemovals'),
  grantRemovals: limitSchema('grantRemovals'),
  roleRemovals: limitSchema('roleRemovals'),
  mainTeamChanges: limitSchema('mainTeamChanges'),
  renames: limitSchema('renames'),
  teamMembers: limitSchema('teamMembers'),
  rolesAdded: limitSchema('rolesAdded'),
  fieldChanged: limitSchema('fieldChanged'),
  created: limitSchema('created'),
});

const absenceSchema = z.strictObject({
  grace: durationSchema.prefault('0s').describe('How long an account may be absent before that acts.'),
  confirmReads: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Complete reads that must agree that an account is absent.'),
  outOfScopeGrace: durationSchema
    .prefault('24h')
    .describe('The same for an account that exists but is no longer in scope.'),
  returnWithin: durationSchema.prefault('30d').describe('Until then the same id lifts its absence by itself.'),
});

const teamsSchema = z.strictObject({
  from: z
    .enum(['groups', 'none'])
    .optional()
    .describe('groups: groups become teams. none: this source feeds no teams.'),
  include: uniqueList(patternSchema).min(1, { error: 'must have at least one pattern' }).default(['*']),
  exclude: uniqueList(patternSchema).default([]),
  stripPrefix: z.string().default('').describe("Taken off the front of the group's name."),
  stripSuffix: z.string().default('').describe("Taken off the end of the group's name."),
  match: z
    .enum(['separate', 'name'])
    .default('separate')
    .describe('What to do with a team of that name that this source does not feed.'),
  flatten: z.boolean().default(false).describe('Members of nested groups become members of the outer team too.'),
});

export const sourceNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u, {
    error: 'must have 1 to 63 letters, digits, dots, dashes or underscores, and start with a letter or digit',
  })
  .refine((name) => name.toLowerCase() !== 'local', {
    error: 'must not be "local": that word names what people set by hand',
  });

export const sourceSchema = z.strictObject({
  name: sourceNameSchema.describe(
    'Names the source in the log, the audit and on the command line. Keep it: it owns what it set.',
  ),
  type: z.string().describe('Kind of source.'),
  schedule: scheduleSchema.optional().describe('When the daemon reads this source. Without it: only on demand.'),
  createUsers: z.boolean().optional().describe('Create a user for an account that matches none.'),
  correlation: uniqueList(z.enum(correlationKeys))
    .min(1, { error: `must name at least one of ${correlationKeys.join(', ')}` })
    .optional()
    .describe('How the user of a new account is found, in order; the first that finds anybody decides.'),
  matchKeys: matchKeysSchema
    .prefault({})
    .describe('From which attributes the keys of correlation come, where that is not the field of the same name.'),
  correlateAfter: uniqueList(z.string())
    .default([])
    .describe('Sources that must have been read completely before anything of this one is planned.'),
  differentNames: z
    .enum(['wait', 'link'])
    .default('wait')
    .describe('What becomes of a match whose first and last names show that it may be somebody else.'),
  rename: z
    .enum(['follow', 'keep'])
    .default('follow')
    .describe('When the source renames an account: take the new username, or keep the old.'),
  lifecycle: z.enum(['authority', 'vote', 'none']).optional().describe('Whether this source decides who is enabled.'),
  onLeave: z
    .enum(['keep', 'withdraw'])
    .default('keep')
    .describe('Teams, grants and roles of a user that leaves: frozen, or withdrawn.'),
  manualMemberships: z
    .enum(['keep', 'remove'])
    .default('keep')
    .describe('Memberships that people set by hand on users of this source.'),
  absence: absenceSchema.prefault({}),
  mapping: fieldMappingSchema
    .prefault({})
    .describe('From which attributes the fields come. Fields that are not named keep the default of the type.'),
  attributes: attributeMappingSchema.prefault({}).describe('agentId, deviceId, extension and attributes of your own.'),
  teams: teamsSchema.prefault({}),
  roleMapping: roleMappingSchema.default([]),
  guard: guardSchema.prefault({}).describe('Limits above which changes wait for a person.'),
  onHold: z
    .enum(['apply-safe', 'hold-all'])
    .default('apply-safe')
    .describe('When the guard holds some changes: apply the others, or none.'),
});

export const sharedSourceKeys: readonly string[] = Object.keys(sourceSchema.shape);
export type SharedSource = z.output<typeof sourceSchema>;

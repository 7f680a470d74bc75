// The whole file but for its sources and its targets of notices, whose schemas depend on their type.

import { z } from 'zod';
import type { RoleCatalogue } from '../model/policy.ts';
import { fieldNames } from '../model/user.ts';
import type { StoreConfig } from './config.ts';
import { serveSchema, verifySchema } from './schema-daemon.ts';
import { durationSchema, parseDuration, patternSchema, secretSchema, textSchema, uniqueList } from './schema-values.ts';

/** What reviewing needs (R157, R158) and the three composite roles that have it (R159). */
const reviewRoles = ['EVAL_AGENTS', 'CREATE_EVALS', 'INTERACTIONS_GROUP_VIEW'] as const;
export const defaultRoles: RoleCatalogue = {
  DEFAULT_CC_MANAGER: { effective: reviewRoles },
  DEFAULT_TEAM_LEADER: { effective: reviewRoles },
  DEFAULT_SUPERVISOR: { effective: reviewRoles },
  DEFAULT_AGENT: { effective: [] },
};

const storeSchema = z
  .strictObject({
    sqlite: textSchema.optional().describe('Path of the database file.'),
    postgresql: secretSchema.optional(),
  })
  .superRefine((store, context) => {
    if ((store.sqlite === undefined) === (store.postgresql === undefined)) {
      context.addIssue({ code: 'custom', message: 'must have exactly one of sqlite and postgresql' });
    }
  })
  .transform((store): StoreConfig => {
    return store.postgresql === undefined
      ? { kind: 'sqlite', path: store.sqlite ?? '' }
      : { kind: 'postgresql', url: store.postgresql };
  })
  .describe(
    'sqlite: path of a file, or postgresql: reference to the connection URL (a secret, as it holds the password).',
  );

const rolesSchema = z
  .record(textSchema, uniqueList(textSchema).nullable())
  .describe('Composite role: its effective roles. Added to the built-in ones; null takes a built-in one out.');

const precedenceSchema = z.strictObject(
  Object.fromEntries(fieldNames.map((field) => [field, uniqueList(textSchema).min(1).optional()])) as Record<
    (typeof fieldNames)[number],
    z.ZodOptional<z.ZodArray<typeof textSchema>>
  >,
);

/** What cannot be in a username's local part (R8 and the set that AD forbids in sAMAccountName). */
const forbiddenInUsernames = '"/\\[]:;|=,+*?<>';

const validationSchema = z.strictObject({
  usernameMaxLength: z.number().int().min(1).max(256).default(20).describe('Of the part before the @ (R36).'),
  usernameForbidden: z
    .string()
    .default(forbiddenInUsernames)
    .describe('Characters that the part before the @ must not have.'),
  asciiOnly: z.boolean().default(false).describe('Names and usernames outside ASCII are a finding.'),
  phoneMaxDigits: z.number().int().min(1).max(40).default(15),
});

const retentionError = 'is neither forever nor a duration like 730d';

export const fileSchema = z.strictObject({
  version: z.literal(1, { error: 'must be 1, the version of this file format' }),
  store: storeSchema,
  audit: z.strictObject({
    keyFile: textSchema.describe('Key of the audit chain, outside the database; `rosterd init` writes it.'),
    verify: verifySchema,
  }),
  serve: serveSchema.prefault({}).describe('The daemon (`rosterd serve`).'),
  notify: z.array(z.unknown()).default([]),
  log: z
    .strictObject({
      level: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
      format: z.enum(['json', 'text']).default('json'),
    })
    .prefault({}),
  retention: z
    .strictObject({
      runs: durationSchema.prefault('365d').describe('Runs and their plans are deleted after this.'),
      auditPayloads: z
        .string({ error: retentionError })
        .refine((text) => text === 'forever' || parseDuration(text) !== undefined, { error: retentionError })
        .default('forever')
        .describe('Values in the audit log are erased after this; hash and tombstone stay.'),
    })
    .prefault({}),
  roles: rolesSchema.prefault({}),
  protected: z
    .strictObject({
      usernames: uniqueList(textSchema)
        .default([])
        .describe('Never disabled, stripped or linked by sync without a person.'),
      roles: uniqueList(textSchema).default([]).describe('The same for everyone who holds one of these roles.'),
    })
    .prefault({}),
  validation: validationSchema.prefault({}),
  mainTeam: z
    .strictObject({
      rank: z
        .record(z.string(), z.number().int().min(-1_000).max(1_000))
        .default({})
        .describe('Source: rank. Lower comes first, not named is 0.'),
      ineligible: uniqueList(patternSchema)
        .default([])
        .describe('Catch-alls: teams that never become main by rule, and may lack members or a supervisor.'),
    })
    .prefault({}),
  precedence: precedenceSchema
    .prefault({})
    .describe('Field: sources in order, where it differs from the order of the sources below.'),
  sources: z.array(z.unknown()).min(1, { error: 'must have at least one source' }),
});

export type FileSettings = z.output<typeof fileSchema>;

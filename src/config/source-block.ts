// One source of the file: its shared keys, the connector's own keys, its secrets and what they give together.

import { isAbsolute, resolve } from 'node:path';
import { asSourceName } from '../model/ids.ts';
import {
  type GuardLimit,
  type MappingRule,
  matchRuleOf,
  type SourceMapping,
  type SourcePolicy,
} from '../model/policy.ts';
import type { SourceSchedule } from '../model/schedule.ts';
import type { SettingSecret, SourceConfig } from './config.ts';
import type { ConnectorType } from './connector-type.ts';
import type { ConfigPath } from './document.ts';
import { type Checked, type Complaint, checkWith, maxUnknownKeys } from './issues.ts';
import { suggest } from './nearest.ts';
import { type SharedSource, sharedSourceKeys, sourceSchema } from './schema-source.ts';
import { secretAdvice, secretSchema } from './schema-values.ts';
import { isSection, valueAt, withValueAt } from './sections.ts';

export interface SourceBlock {
  /** Absent when something is wrong. */
  readonly source?: SourceConfig;
  readonly complaints: readonly Complaint[];
  readonly warnings: readonly Complaint[];
}

/** Stands for a secret while the connector's schema checks the settings offline; never leaves this file. */
const placeholder = 'a-secret-that-is-resolved-later';

const within = (base: ConfigPath, complaints: readonly Complaint[]): readonly Complaint[] =>
  complaints.map((complaint) => ({ ...complaint, path: [...base, ...complaint.path] }));

interface TakenSecrets {
  /** Without the secrets. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: readonly SettingSecret[];
  /** Every path that holds something, right or wrong: its placeholder keeps the connector's schema from complaining again. */
  readonly paths: readonly (readonly string[])[];
  readonly complaints: readonly Complaint[];
}

export const absoluteIn = (directory: string, path: string): string =>
  isAbsolute(path) ? path : resolve(directory, path);

function takeSecrets(block: Readonly<Record<string, unknown>>, type: ConnectorType, directory: string): TakenSecrets {
  const secrets: SettingSecret[] = [];
  const paths: (readonly string[])[] = [];
  const complaints: Complaint[] = [];
  let settings = block;
  for (const path of type.secretPaths) {
    const written = valueAt(settings, path);
    if (written === undefined) continue;
    paths.push(path);
    settings = withValueAt(settings, path, undefined);
    if (!isSection(written)) {
      complaints.push({ path, at: 'value', message: secretAdvice });
      continue;
    }
    const checked = checkWith(secretSchema, written);
    if (checked.kind === 'invalid') complaints.push(...within(path, checked.complaints));
    else
      secrets.push({
        path,
        ref: 'file' in checked.output ? { file: absoluteIn(directory, checked.output.file) } : checked.output,
      });
  }
  return { settings, secrets, paths, complaints };
}

function withAbsoluteFiles(
  settings: Readonly<Record<string, unknown>>,
  type: ConnectorType,
  directory: string,
): Readonly<Record<string, unknown>> {
  let absolute = settings;
  for (const path of type.filePaths) {
    const written = valueAt(absolute, path);
    if (typeof written === 'string' && written !== '')
      absolute = withValueAt(absolute, path, absoluteIn(directory, written));
  }
  return absolute;
}

function mergeRules<Name extends string>(
  defaults: Readonly<Partial<Record<Name, MappingRule>>>,
  own: Readonly<Partial<Record<Name, MappingRule | null | undefined>>>,
): Readonly<Record<Name, MappingRule>> {
  const merged = Object.entries<MappingRule | null | undefined>({ ...defaults, ...own });
  return Object.fromEntries(merged.filter(([, rule]) => rule !== null && rule !== undefined)) as Record<
    Name,
    MappingRule
  >;
}

/** As mergeRules, but null is kept: it says that there is no key, where leaving it out would mean the field of the same name. */
function mergeMatchKeys(
  defaults: SourceMapping['matchKeys'],
  own: SharedSource['matchKeys'],
): Pick<SourceMapping, 'matchKeys'> {
  const merged = Object.entries({ ...defaults, ...own }).filter(([, rule]) => rule !== undefined);
  return merged.length === 0 ? {} : { matchKeys: Object.fromEntries(merged) };
}

const compileLimit = ({ ratio, count, always }: SharedSource['guard']['accessLoss']): GuardLimit =>
  always === undefined ? { ratio, count } : { ratio, count, always };

function compileGuard(guard: SharedSource['guard']): SourcePolicy['guard'] {
  return {
    accessLoss: compileLimit(guard.accessLoss),
    membershipRemovals: compileLimit(guard.membershipRemovals),
    grantRemovals: compileLimit(guard.grantRemovals),
    roleRemovals: compileLimit(guard.roleRemovals),
    mainTeamChanges: compileLimit(guard.mainTeamChanges),
    renames: compileLimit(guard.renames),
    teamMembers: compileLimit(guard.teamMembers),
    rolesAdded: compileLimit(guard.rolesAdded),
    fieldChanged: compileLimit(guard.fieldChanged),
    created: compileLimit(guard.created),
  };
}

function compileSource(
  shared: SharedSource,
  type: ConnectorType,
  defaults: ReturnType<ConnectorType['defaults']>,
): SourcePolicy {
  const mapping: SourceMapping = {
    fields: mergeRules(defaults.mapping.fields, shared.mapping),
    attributes: mergeRules(defaults.mapping.attributes, shared.attributes),
    ...mergeMatchKeys(defaults.mapping.matchKeys, shared.matchKeys),
  };
  return {
    name: asSourceName(shared.name),
    type: shared.type,
    idStability: type.idStability,
    lifecycle: shared.lifecycle ?? defaults.lifecycle,
    createUsers: shared.createUsers ?? defaults.createUsers,
    rename: shared.rename,
    onLeave: shared.onLeave,
    manualMemberships: shared.manualMemberships,
    absence: {
      graceMs: shared.absence.grace,
      confirmReads: shared.absence.confirmReads ?? defaults.confirmReads,
      outOfScopeGraceMs: shared.absence.outOfScopeGrace,
      returnWithinMs: shared.absence.returnWithin,
    },
    correlation: shared.correlation ?? defaults.correlation.filter((key) => matchRuleOf(mapping, key) !== undefined),
    correlateAfter: shared.correlateAfter.map(asSourceName),
    differentNames: shared.differentNames,
    mapping,
    teams: { ...shared.teams, from: shared.teams.from ?? defaults.teamsFrom },
    roleMapping: shared.roleMapping,
    guard: compileGuard(shared.guard),
    onHold: shared.onHold,
  };
}

/** What only shows when mapping and options are seen together. */
function contradictions(policy: SourcePolicy): readonly Complaint[] {
  const complaints: Complaint[] = [];
  const { fields } = policy.mapping;
  if (policy.createUsers && fields.username === undefined) {
    complaints.push({
      path: ['mapping', 'username'],
      at: 'value',
      message: 'is needed, because this source creates users (createUsers)',
    });
  }
  for (const [index, key] of policy.correlation.entries()) {
    if (matchRuleOf(policy.mapping, key) !== undefined) continue;
    complaints.push({
      path: ['correlation', index],
      at: 'value',
      message: `the mapping of this source gives no ${key} to compare`,
    });
  }
  if (policy.correlation.length === 0) {
    complaints.push({
      path: ['correlation'],
      at: 'key',
      message: 'nothing is left to find users by; map username or email, or name attributes under matchKeys',
    });
  }
  return complaints;
}

const compileSchedule = ({
  full,
  timeZone,
  deadline,
  overdueAfter,
}: NonNullable<SharedSource['schedule']>): SourceSchedule => ({
  full,
  timeZone,
  deadlineMs: deadline,
  overdueAfterMs: overdueAfter,
});

/** A warning has no place of its own; most are about TLS, so the setting that says `off` is shown, else the connection. */
const placeOfWarning = (settings: Readonly<Record<string, unknown>>): ConfigPath =>
  valueAt(settings, ['connection', 'tls']) === undefined ? ['connection'] : ['connection', 'tls'];

function unknownKeys(block: Readonly<Record<string, unknown>>, type: ConnectorType): readonly Complaint[] {
  const known = [...sharedSourceKeys, ...type.settingKeys];
  const unknown = Object.keys(block)
    .filter((key) => !known.includes(key))
    .slice(0, maxUnknownKeys);
  return unknown.map((key) => ({ path: [key], at: 'key', message: `is not a known key${suggest(key, known)}` }));
}

function checkType(
  block: Readonly<Record<string, unknown>>,
  types: readonly ConnectorType[],
): ConnectorType | Complaint {
  const known = types.map(({ type }) => type);
  const written = block['type'];
  if (written === undefined) return { path: ['type'], at: 'key', message: `is missing; known: ${known.join(', ')}` };
  const type = types.find((candidate) => candidate.type === written);
  return (
    type ?? { path: ['type'], at: 'value', message: `is not a known type of source${suggest(String(written), known)}` }
  );
}

/** Checks one entry of `sources`; `directory` is the folder that relative file names start from. Paths are inside the entry. */
export function readSourceBlock(value: unknown, types: readonly ConnectorType[], directory: string): SourceBlock {
  if (!isSection(value))
    return {
      complaints: [{ path: [], at: 'value', message: 'must be a section with keys like name and type' }],
      warnings: [],
    };
  const pick = (keys: readonly string[]) =>
    Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)));
  const type = checkType(value, types);
  const shared = checkWith(sourceSchema, { type: '', ...pick(sharedSourceKeys) });
  const complaints: Complaint[] =
    shared.kind === 'invalid' ? shared.complaints.filter(({ path }) => path[0] !== 'type') : [];
  if ('message' in type) return { complaints: [type, ...complaints], warnings: [] };

  const taken = takeSecrets(withAbsoluteFiles(pick(type.settingKeys), type, directory), type, directory);
  const filled = taken.paths.reduce((settings, path) => withValueAt(settings, path, placeholder), taken.settings);
  const settings: Checked<unknown> = checkWith(type.settingsSchema, filled);
  complaints.push(
    ...unknownKeys(value, type),
    ...taken.complaints,
    ...(settings.kind === 'invalid' ? settings.complaints : []),
  );
  if (shared.kind === 'invalid' || settings.kind === 'invalid') return { complaints, warnings: [] };

  const policy = compileSource(shared.output, type, type.defaults(settings.output));
  complaints.push(...contradictions(policy));
  const place = placeOfWarning(taken.settings);
  const warnings = type.warnings(settings.output).map((message): Complaint => ({ path: place, at: 'value', message }));
  if (complaints.length > 0) return { complaints, warnings };
  const { schedule } = shared.output;
  const source: SourceConfig = {
    name: policy.name,
    type: type.type,
    settings: taken.settings,
    secrets: taken.secrets,
    policy,
    ...(schedule === undefined ? {} : { schedule: compileSchedule(schedule) }),
  };
  return { source, complaints, warnings };
}

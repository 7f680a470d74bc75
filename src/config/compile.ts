// From the configuration to what the pure core decides by, and the hash by which a change of that is noticed.

import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/change.ts';
import { RosterdError } from '../model/errors.ts';
import type { SourceName } from '../model/ids.ts';
import type { MappingRule, Policy, SourcePolicy } from '../model/policy.ts';
import type { Config } from './config.ts';

/** Raise it when the same policy and mirror give other users than before: all users are then decided again, under the guard. */
const mappingVersion = 2;

/** Plain data, sources in order of precedence (that of the file). */
export function compilePolicy(config: Config): Policy {
  return {
    sources: config.sources.map(({ policy }) => policy),
    precedence: config.precedence,
    mainTeam: config.mainTeam,
    roles: config.roles,
    protected: config.protected,
    validation: config.validation,
  };
}

/**
 * Stable hash (hex SHA-256) of what decides about the users of one source. Not part of it: guard and onHold, which judge decisions
 * but do not make them, and other sources' mappings, whose own users become dirty by their own hash.
 */
export function policyFingerprint(policy: Policy, source: SourceName): string {
  const own = policy.sources.find(({ name }) => name === source);
  if (own === undefined) throw new RosterdError('source-unknown', `no source is named ${source}`, { subject: source });
  const { guard: _guard, onHold: _onHold, ...deciding } = own;
  const { precedence, mainTeam, roles, protected: guarded, validation } = policy;
  // A lifecycle of another source can take its vote away from users of this one.
  const order = policy.sources.map(({ name, lifecycle }) => ({ name, lifecycle }));
  const facts = { mappingVersion, deciding, order, precedence, mainTeam, roles, guarded, validation };
  return createHash('sha256').update(canonicalJson(facts)).digest('hex');
}

const attributesOfRule = (rule: MappingRule): readonly string[] => (rule.kind === 'constant' ? [] : rule.attributes);

/** The account attributes that mapping, match keys and role rules of a source read: lower case, sorted, each once. */
export function attributesOf(source: SourcePolicy): readonly string[] {
  const { fields, attributes, matchKeys = {} } = source.mapping;
  const ofMatches = Object.values(matchKeys).filter((rule) => rule !== null);
  const rules = [...Object.values(fields), ...Object.values(attributes), ...ofMatches];
  const ofRoles = source.roleMapping.flatMap((rule) => (rule.kind === 'attribute' ? [rule.attribute] : []));
  const all = [...rules.flatMap(attributesOfRule), ...ofRoles].map((attribute) => attribute.toLowerCase());
  return [...new Set(all)].toSorted();
}

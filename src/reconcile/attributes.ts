// Attributes of sources (agent id, device id, extension, custom), kept beside the local ones, which win (R124-R131).
// Invariant: sync writes only rows whose owner is the source that plans; a local row is never touched.

import type { UserChangePart } from '../model/change.ts';
import type { Owner, SourceName } from '../model/ids.ts';
import type { AttributeName, OwnedAttribute, User } from '../model/user.ts';
import { mapAttribute } from './map.ts';
import { type LinkedAccount, sourceStanding } from './situation.ts';
import type { CompiledSource, CompiledWorld } from './world.ts';

type AttributePart = Extract<UserChangePart, { readonly part: 'attribute' }>;

/** What the attributes of one source should be: name -> value; names in `kept` stay as they are. */
interface Desired {
  readonly values: ReadonlyMap<AttributeName, string>;
  readonly kept: ReadonlySet<AttributeName>;
}

/** Parts for one source, in order of the names. */
export function decideAttributes(
  user: Pick<User, 'attributes'>,
  linked: readonly LinkedAccount[],
  source: CompiledSource,
): readonly AttributePart[] {
  const owner = source.policy.name;
  const current = new Map<AttributeName, string>();
  for (const row of user.attributes) if (row.owner === owner) current.set(row.name, row.value);
  const desired = desiredAttributes(linked, source);
  if (desired === undefined) return [];
  const names = [...new Set([...current.keys(), ...desired.values.keys()])].sort();
  return names.flatMap((name): AttributePart[] => {
    const before = current.get(name);
    const after = desired.kept.has(name) ? before : desired.values.get(name);
    return before === after ? [] : [attributePart(name, owner, before, after)];
  });
}

/** undefined: the source is frozen, every row stays. */
function desiredAttributes(linked: readonly LinkedAccount[], source: CompiledSource): Desired | undefined {
  const standing = sourceStanding(linked, source.policy.name);
  if (standing.kind === 'frozen') return undefined;
  const values = new Map<AttributeName, string>();
  const kept = new Set<AttributeName>();
  if (standing.kind === 'withdrawn') return { values, kept };
  for (const account of standing.accounts) {
    for (const name of Object.keys(source.policy.mapping.attributes)) {
      const reading = mapAttribute(account, source.policy.mapping, name);
      if (values.has(name) || kept.has(name)) continue;
      if (reading?.kind === 'present') values.set(name, reading.value);
      if (reading?.kind === 'unread') kept.add(name);
    }
  }
  return { values, kept };
}

function attributePart(
  name: AttributeName,
  owner: Owner,
  before: string | undefined,
  after: string | undefined,
): AttributePart {
  return {
    part: 'attribute',
    name,
    owner,
    ...(before !== undefined && { before }),
    ...(after !== undefined && { after }),
  };
}

/** The value that counts for each name: the local one, else that of the first source in order of the configuration. */
export function effectiveAttributes(
  world: CompiledWorld,
  attributes: readonly OwnedAttribute[],
): ReadonlyMap<AttributeName, OwnedAttribute> {
  const rank = (owner: Owner): number =>
    owner === 'local' ? -1 : (world.index.sources.get(owner as SourceName)?.rank ?? Number.MAX_SAFE_INTEGER);
  const best = new Map<AttributeName, OwnedAttribute>();
  for (const row of attributes) {
    const other = best.get(row.name);
    if (other === undefined || rank(row.owner) < rank(other.owner)) best.set(row.name, row);
  }
  return best;
}

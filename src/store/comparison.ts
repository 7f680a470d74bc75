// Questions about all users and teams at once. Invariant: one statement each, answered from an index; rows come out only where
// there is something to say.

import type { FindingCode } from '../model/finding.ts';
import { asSourceName, asTeamId, asUserId, type Owner, type SourceName, type UserId } from '../model/ids.ts';
import type { ComparisonReader, SharedValue, TeamGap } from '../sync/ports/comparison.ts';
import { jsonParameter, type Sql } from './sql.ts';

export function comparisonReader(sql: Sql): ComparisonReader {
  return {
    openSubjects: (codes) => readOpenSubjects(sql, codes),
    sharedValues: (attribute) => readSharedValues(sql, attribute),
    teamGaps: (sources) => readTeamGaps(sql, sources),
    heldElsewhere: (source) => readHeldElsewhere(sql, source),
  };
}

async function readOpenSubjects(sql: Sql, codes: readonly FindingCode[]): Promise<readonly string[]> {
  const rows = await sql.all<{ subject: string }>(
    `SELECT DISTINCT f.subject FROM findings f WHERE f.open_key IS NOT NULL
       AND f.code IN (SELECT j.value FROM ${sql.dialect.list(1, 'text', 'j')}) ORDER BY f.subject`,
    jsonParameter(codes),
  );
  return rows.map((row) => row.subject);
}

async function readHeldElsewhere(sql: Sql, source: SourceName): Promise<ReadonlyMap<UserId, ReadonlySet<SourceName>>> {
  const real = sql.dialect.kind === 'sqlite' ? '0' : 'false';
  const rows = await sql.all<{ user_id: number; source: string }>(
    `SELECT DISTINCT c.user_id, r.source FROM runs r JOIN changes c ON c.run_id = r.id
     WHERE r.source <> $1 AND r.dry_run = ${real} AND r.held_checksum IS NOT NULL AND c.user_id IS NOT NULL
       AND c.state IN ('held', 'rejected')`,
    source,
  );
  const held = new Map<UserId, Set<SourceName>>();
  for (const row of rows) {
    const user = asUserId(Number(row.user_id));
    held.set(user, (held.get(user) ?? new Set()).add(asSourceName(row.source)));
  }
  return held;
}

/** A person who gives a value by hand says that those of the sources are not the user's. */
async function readSharedValues(sql: Sql, attribute: string): Promise<readonly SharedValue[]> {
  const rows = await sql.all<{ value: string; owner: string; id: number; username: string }>(
    `WITH shared AS MATERIALIZED (SELECT s.value FROM user_attributes s WHERE s.name = $1
       GROUP BY s.value HAVING count(*) > 1 AND min(s.user_id) < max(s.user_id))
     SELECT a.value, a.owner, u.id, u.username FROM shared CROSS JOIN user_attributes a CROSS JOIN users u
     WHERE a.name = $1 AND a.value = shared.value AND u.id = a.user_id AND u.enabled
       AND (a.owner = 'local' OR NOT EXISTS (SELECT 1 FROM user_attributes b WHERE b.user_id = a.user_id AND b.name = a.name
         AND b.owner = 'local'))
     ORDER BY u.id, a.owner`,
    attribute,
  );
  const carriers = Map.groupBy(rows, (row) => row.value);
  const shared = [...carriers].filter(([, own]) => new Set(own.map(({ id }) => id)).size > 1);
  shared.sort(([left], [right]) => (left < right ? -1 : 1));
  return shared.map(([value, own]) => ({
    value,
    carriers: own.map((row) => ({ user: asUserId(row.id), label: row.username, owner: row.owner as Owner })),
  }));
}

interface GapRow {
  readonly id: number;
  readonly name: string;
  readonly source: string;
  readonly group_name: string;
  readonly has_member: number | bigint | boolean;
  readonly has_supervisor: number | bigint | boolean;
}

async function readTeamGaps(sql: Sql, sources: readonly SourceName[]): Promise<readonly TeamGap[]> {
  if (sources.length === 0) return [];
  const anybody = (table: 'memberships' | 'grants'): string =>
    `EXISTS (SELECT 1 FROM ${table} m CROSS JOIN users u WHERE m.team_id = t.id AND u.id = m.user_id AND u.enabled)`;
  const rows = await sql.all<GapRow>(
    `SELECT * FROM (SELECT t.id, t.name, g.source, g.name AS group_name, ${anybody('memberships')} AS has_member,
         ${anybody('grants')} AS has_supervisor
       FROM mirror_groups g CROSS JOIN teams t WHERE t.id = g.team_id AND g.presence IN ('present', 'missing')
         AND g.source IN (SELECT j.value FROM ${sql.dialect.list(1, 'text', 'j')})) f
     WHERE NOT (f.has_member AND f.has_supervisor) ORDER BY f.id, f.source, f.group_name`,
    jsonParameter(sources),
  );
  return [...Map.groupBy(rows, (row) => row.id).values()].flatMap((own) => {
    const [first] = own;
    return first === undefined ? [] : [toGap(first, own)];
  });
}

const toGap = (first: GapRow, own: readonly GapRow[]): TeamGap => ({
  team: asTeamId(first.id),
  name: first.name,
  groups: own.map((row) => ({ source: asSourceName(row.source), name: row.group_name })),
  hasMember: Boolean(first.has_member),
  hasSupervisor: Boolean(first.has_supervisor),
});

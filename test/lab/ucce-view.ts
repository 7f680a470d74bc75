// Which rows a login sees (cisco-apis 2.1, 2.7): a department administrator its departments and what belongs to none,
// a supervisor the agents of the own teams and the teams of the own peripheral; nobody what is marked for deletion.
import type { UcceAgent, UcceAttribute, UcceDepartment, UcceSkillGroup, UcceTeam } from './ucce-data.ts';
import type { UcceLogin, UcceState } from './ucce-state.ts';
import type { UcceType } from './ucce-variants.ts';

export interface UcceRows {
  readonly agent: UcceAgent;
  readonly agentteam: UcceTeam;
  readonly skillgroup: UcceSkillGroup;
  readonly attribute: UcceAttribute;
  readonly department: UcceDepartment;
}
export type UcceRow = UcceRows[UcceType];
export type Scope = { readonly login: UcceLogin; readonly ignoreRole: boolean };

interface Members {
  readonly ofTeam: ReadonlyMap<number, readonly UcceAgent[]>;
  readonly supervisorsOfTeam: ReadonlyMap<number, readonly UcceAgent[]>;
  readonly ofSkillGroup: ReadonlyMap<number, readonly UcceAgent[]>;
}

/** The table of a type, without what is marked for deletion. */
function rowsOf(state: UcceState, type: UcceType): readonly UcceRow[] {
  const tables = {
    agent: state.agents,
    agentteam: state.teams,
    skillgroup: state.skillGroups,
    attribute: state.attributes,
    department: state.departments,
  };
  return state.derived(`rows ${type}`, () =>
    [...(tables[type] as ReadonlyMap<number, UcceRow>).values()].filter((row) => !('deleted' in row && row.deleted)),
  );
}

export function membersOf(state: UcceState): Members {
  return state.derived('members', () => {
    const [ofTeam, supervisorsOfTeam, ofSkillGroup] = [0, 1, 2].map(() => new Map<number, UcceAgent[]>()) as [
      Map<number, UcceAgent[]>,
      Map<number, UcceAgent[]>,
      Map<number, UcceAgent[]>,
    ];
    const put = (map: Map<number, UcceAgent[]>, id: number, agent: UcceAgent): void => {
      const list = map.get(id);
      if (list) list.push(agent);
      else map.set(id, [agent]);
    };
    for (const agent of rowsOf(state, 'agent') as readonly UcceAgent[]) {
      if (agent.teamId !== undefined) put(ofTeam, agent.teamId, agent);
      for (const id of agent.supervisorTeamIds) put(supervisorsOfTeam, id, agent);
      for (const id of agent.skillGroupIds) put(ofSkillGroup, id, agent);
    }
    return { ofTeam, supervisorsOfTeam, ofSkillGroup };
  });
}

function canSee(state: UcceState, { login, ignoreRole }: Scope, type: UcceType): (row: UcceRow) => boolean {
  if (login.role === 'agent') return () => false;
  if (login.role === 'administrator') {
    const own = login.departments;
    if (own === undefined) return () => true;
    if (type === 'department') return (row) => own.includes(row.id);
    return (row) => {
      const id = 'departmentId' in row ? row.departmentId : undefined;
      return id === undefined || own.includes(id);
    };
  }
  const self = state.agents.get(login.agent);
  if (type === 'agent' && !ignoreRole)
    return (row) => 'teamId' in row && row.teamId !== undefined && (self?.supervisorTeamIds ?? []).includes(row.teamId);
  if (type === 'agentteam') return (row) => 'peripheralId' in row && row.peripheralId === self?.peripheralId;
  return () => true;
}

/** Cached until a row changes, so that a page of a long list costs no more than its own items. */
export function visibleRows(state: UcceState, scope: Scope, type: UcceType): readonly UcceRow[] {
  const key = `visible ${type} ${scope.login.user} ${scope.ignoreRole}`;
  return state.derived(key, () => rowsOf(state, type).filter(canSee(state, scope, type)));
}

/** `hidden`: it is there, and this login may not see it. */
export function findRow(state: UcceState, scope: Scope, type: UcceType, id: number): UcceRow | 'hidden' | undefined {
  const rows = state.derived(`by id ${type}`, () => new Map(rowsOf(state, type).map((row) => [row.id, row])));
  const row = rows.get(id);
  return row === undefined || canSee(state, scope, type)(row) ? row : 'hidden';
}

export const isSeen = (state: UcceState, scope: Scope): ((agent: UcceAgent) => boolean) =>
  canSee(state, scope, 'agent');

// What the simulated UCCE holds while it runs, and how it changes: every change makes a changeStamp grow, nobody is lost
// but a team, and what was worked out from the rows is worked out again after a change.
import type {
  UcceAgent,
  UcceAttribute,
  UcceData,
  UcceDepartment,
  UccePeripheral,
  UccePerson,
  UcceSkillGroup,
  UcceTeam,
} from './ucce-data.ts';
import { type UcceVariants, usualVariants } from './ucce-variants.ts';

export type UcceLogin = { readonly user: string; readonly password: string } & (
  | {
      readonly role: 'administrator';
      readonly readOnly?: boolean;
      /** Ids of the departments that the administrator is limited to. */
      readonly departments?: readonly number[];
    }
  /** Of an agent of the data; sees what that agent supervises. */
  | { readonly role: 'supervisor'; readonly agent: number }
  /** Agents have no access. */
  | { readonly role: 'agent' }
);

export const ucceLogin: UcceLogin = {
  user: 'svc-rosterd@corp.example.test',
  password: 'Conf1g.Reader!',
  role: 'administrator',
  readOnly: true,
};

type Keys = 'id' | 'changeStamp';
/** `undefined` takes a value away. */
type Patch<T> = { readonly [Key in Exclude<keyof T, Keys>]?: T[Key] | undefined };
export type AgentPatch = Omit<Patch<UcceAgent>, 'person' | 'deleted'> & { readonly person?: Patch<UccePerson> };
export type NewAgent = Pick<UcceAgent, 'agentId' | 'peripheralId' | 'person'> & Partial<UcceAgent>;
export type NewTeam = Pick<UcceTeam, 'name' | 'peripheralId'> & Partial<UcceTeam>;

const byId = <T extends { readonly id: number }>(rows: readonly T[]): Map<number, T> =>
  new Map(rows.map((row) => [row.id, row]));

/** A copy with other values; `undefined` takes one away. */
export function patched<T extends object>(row: T, patch: { readonly [Key in keyof T]?: T[Key] | undefined }): T {
  const kept = Object.entries({ ...row, ...patch }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as T;
}

export class UcceState {
  readonly agents: Map<number, UcceAgent>;
  readonly teams: Map<number, UcceTeam>;
  readonly skillGroups: Map<number, UcceSkillGroup>;
  readonly attributes: Map<number, UcceAttribute>;
  readonly departments: Map<number, UcceDepartment>;
  readonly peripherals: Map<number, UccePeripheral>;
  readonly logins: Map<string, UcceLogin>;
  variants: UcceVariants = usualVariants;
  /** Called after each page of a list was written, for a change in the middle of a read. */
  afterPage: ((page: { readonly type: string; readonly startIndex: number }) => void) | undefined;
  readonly #derived = new Map<string, unknown>();
  #nextId: number;

  constructor(data: UcceData, logins: readonly UcceLogin[] = [ucceLogin]) {
    this.agents = byId(data.agents);
    this.teams = byId(data.teams);
    this.skillGroups = byId(data.skillGroups);
    this.attributes = byId(data.attributes);
    this.departments = byId(data.departments);
    this.peripherals = byId(data.peripherals);
    this.logins = new Map(logins.map((login) => [login.user.toLowerCase(), login]));
    const tables = [this.agents, this.teams, this.skillGroups, this.attributes, this.departments];
    const ids = tables.flatMap((table) => [...table.keys()]);
    this.#nextId = 1 + ids.reduce((highest, id) => Math.max(highest, id), 5_000);
  }

  /** Switches variants on, for good or until the answered function is called. */
  vary(variants: Partial<UcceVariants>): () => void {
    const before = this.variants;
    this.variants = { ...before, ...variants };
    return () => {
      this.variants = before;
    };
  }

  /** Gives a login another role; its password stays what the server was started with. */
  setLogin(login: UcceLogin): void {
    this.logins.set(login.user.toLowerCase(), login);
    this.#derived.clear();
  }

  /** What follows from the rows, kept until one of them changes. */
  derived<T>(key: string, derive: () => T): T {
    if (!this.#derived.has(key)) this.#derived.set(key, derive());
    return this.#derived.get(key) as T;
  }

  addAgent(agent: NewAgent): UcceAgent {
    const added: UcceAgent = {
      id: this.#nextId++,
      changeStamp: 1,
      supervisor: false,
      supervisorTeamIds: [],
      attributes: [],
      skillGroupIds: [],
      ...agent,
    };
    this.#keepNumbersUnique(added);
    this.agents.set(added.id, added);
    this.#derived.clear();
    return added;
  }

  changeAgent(id: number, { person, ...patch }: AgentPatch): UcceAgent {
    const agent = this.#agent(id);
    const changed = patched(agent, {
      ...patch,
      changeStamp: agent.changeStamp + 1,
      person: patched(agent.person, person ?? {}),
    });
    this.#keepNumbersUnique(changed);
    this.agents.set(id, changed);
    this.#derived.clear();
    return changed;
  }

  /** Marks the agent for deletion, which takes it out of its teams; the row stays and is shown to nobody. */
  removeAgent(id: number): void {
    const { teamId: _team, ...agent } = this.#agent(id);
    this.agents.set(id, { ...agent, changeStamp: agent.changeStamp + 1, supervisorTeamIds: [], deleted: true });
    for (const team of this.teams.values()) {
      if (team.primarySupervisorId === id) this.teams.set(team.id, patched(team, { primarySupervisorId: undefined }));
    }
    this.#derived.clear();
  }

  addTeam(team: NewTeam): UcceTeam {
    const added: UcceTeam = { id: this.#nextId++, changeStamp: 1, ...team };
    this.teams.set(added.id, added);
    this.#derived.clear();
    return added;
  }

  changeTeam(id: number, patch: Patch<UcceTeam>): UcceTeam {
    const team = this.#team(id);
    const changed = patched(team, { ...patch, changeStamp: team.changeStamp + 1 });
    this.teams.set(id, changed);
    this.#derived.clear();
    return changed;
  }

  /** Permanent. Whether the changeStamp of its agents grows is not documented: here it does not. */
  removeTeam(id: number): void {
    this.#team(id);
    this.teams.delete(id);
    for (const agent of this.agents.values()) {
      if (agent.teamId !== id && !agent.supervisorTeamIds.includes(id)) continue;
      const teamId = agent.teamId === id ? undefined : agent.teamId;
      const supervisorTeamIds = agent.supervisorTeamIds.filter((team) => team !== id);
      this.agents.set(agent.id, patched(agent, { teamId, supervisorTeamIds }));
    }
    this.#derived.clear();
  }

  #agent(id: number): UcceAgent {
    const agent = this.agents.get(id);
    if (agent === undefined || agent.deleted) throw new Error(`there is no agent ${id}`);
    return agent;
  }

  #team(id: number): UcceTeam {
    const team = this.teams.get(id);
    if (team === undefined) throw new Error(`there is no agent team ${id}`);
    return team;
  }

  #keepNumbersUnique({ id, agentId, peripheralId }: UcceAgent): void {
    for (const other of this.agents.values()) {
      if (other.id === id || other.deleted || other.agentId !== agentId || other.peripheralId !== peripheralId)
        continue;
      throw new Error(`agent ${other.id} has the number ${agentId} on peripheral ${peripheralId} already`);
    }
  }
}

// What the simulated UCCX holds while it runs, and how it changes. It keeps the limits of the real one: 400 agents, 50 skills each,
// competence 1 to 10, team names of 1 to 49 characters, no `/` and `\` in a userID; and everybody is in a team that exists.
import {
  defaultTeamId,
  type UccxCsq,
  type UccxData,
  type UccxResource,
  type UccxResourceGroup,
  type UccxSkill,
  type UccxTeam,
} from './uccx-data.ts';
import { type UccxVariants, usualVariants } from './uccx-variants.ts';

/** `undefined` takes a value away. */
type Patch<T, Keys extends keyof T> = { readonly [Key in Exclude<keyof T, Keys>]?: T[Key] | undefined };
export type ResourcePatch = Patch<UccxResource, 'userID'>;
export type TeamPatch = Patch<UccxTeam, 'id'>;
export type NewResource = Pick<UccxResource, 'userID' | 'lastName' | 'extension'> & Partial<UccxResource>;

export interface SupervisedTeams {
  readonly primary: readonly UccxTeam[];
  readonly secondary: readonly UccxTeam[];
}

function patched<T extends object>(row: T, patch: object): T {
  const kept = Object.entries({ ...row, ...patch }).filter(([, content]) => content !== undefined);
  return Object.fromEntries(kept) as T;
}

export class UccxState {
  readonly resources: Map<string, UccxResource>;
  readonly teams: Map<number, UccxTeam>;
  readonly skills: Map<number, UccxSkill>;
  readonly resourceGroups: Map<number, UccxResourceGroup>;
  readonly csqs: Map<number, UccxCsq>;
  variants: UccxVariants = usualVariants;

  constructor(data: UccxData) {
    this.teams = new Map(data.teams.map((team) => [team.id, team]));
    this.skills = new Map(data.skills.map((skill) => [skill.id, skill]));
    this.resourceGroups = new Map(data.resourceGroups.map((group) => [group.id, group]));
    this.csqs = new Map(data.csqs.map((csq) => [csq.id, csq]));
    this.resources = new Map();
    for (const resource of data.resources) this.addResource(resource);
    for (const team of data.teams) this.#keepTeam(team);
  }

  /** Switches variants on, until the answered function is called. */
  vary(variants: Partial<UccxVariants>): () => void {
    const before = this.variants;
    this.variants = { ...before, ...variants };
    return () => {
      this.variants = before;
    };
  }

  addResource(resource: NewResource): UccxResource {
    const usual = {
      firstName: '',
      skills: [],
      autoAvailable: true,
      type: 1,
      teamId: defaultTeamId,
    } as const;
    const added: UccxResource = { ...usual, ...resource };
    if (this.resources.has(added.userID)) throw new Error(`there is a resource ${added.userID} already`);
    if (this.resources.size >= 400) throw new Error('a UCCX has 400 agents at most');
    this.#keepResource(added);
    return added;
  }

  changeResource(userID: string, patch: ResourcePatch): UccxResource {
    const changed = patched(this.#resource(userID), patch);
    this.#keepResource(changed);
    return changed;
  }

  /** The userID is the key of a resource in CUCM and here: to a reader the one is gone and the other new. */
  renameResource(userID: string, to: string): UccxResource {
    const renamed = { ...this.#resource(userID), userID: to };
    if (this.resources.has(to)) throw new Error(`there is a resource ${to} already`);
    // In the same place of the list.
    const rows = [...this.resources.values()].map((row) => (row.userID === userID ? renamed : row));
    this.resources.clear();
    for (const row of rows) this.#keepResource(row);
    this.#replaceInTeams(userID, [to]);
    return renamed;
  }

  removeResource(userID: string): void {
    this.#resource(userID);
    this.resources.delete(userID);
    this.#replaceInTeams(userID, []);
  }

  addTeam(team: Pick<UccxTeam, 'name'> & Partial<UccxTeam>): UccxTeam {
    const id = team.id ?? Math.max(...this.teams.keys()) + 1;
    const added: UccxTeam = { secondarySupervisors: [], csqIds: [], ...team, id };
    this.#keepTeam(added);
    return added;
  }

  changeTeam(id: number, patch: TeamPatch): UccxTeam {
    const changed = patched(this.#team(id), patch);
    this.#keepTeam(changed);
    return changed;
  }

  /** Its people are in the team Default from now on. */
  removeTeam(id: number): void {
    this.#team(id);
    if (id === defaultTeamId) throw new Error('the team Default cannot be removed');
    this.teams.delete(id);
    for (const resource of this.resources.values()) {
      if (resource.teamId === id) this.resources.set(resource.userID, { ...resource, teamId: defaultTeamId });
    }
  }

  supervisedBy(userID: string): SupervisedTeams {
    const teams = [...this.teams.values()];
    return {
      primary: teams.filter((team) => team.primarySupervisor === userID),
      secondary: teams.filter((team) => team.secondarySupervisors.includes(userID)),
    };
  }

  #resource(userID: string): UccxResource {
    const resource = this.resources.get(userID);
    if (resource === undefined) throw new Error(`there is no resource ${userID}`);
    return resource;
  }

  #team(id: number): UccxTeam {
    const team = this.teams.get(id);
    if (team === undefined) throw new Error(`there is no team ${id}`);
    return team;
  }

  #keepResource(resource: UccxResource): void {
    const { userID, teamId, resourceGroupId, skills, alias = '' } = resource;
    this.#team(teamId);
    if (userID === '' || /[/\\]/.test(userID)) throw new Error(`${userID} is no userID`);
    if (alias.length > 31) throw new Error(`the alias of ${userID} is too long`);
    if (resourceGroupId !== undefined && !this.resourceGroups.has(resourceGroupId))
      throw new Error(`there is no resource group ${resourceGroupId}`);
    const isFit = skills.every(({ skillId, level }) => this.skills.has(skillId) && level >= 1 && level <= 10);
    if (skills.length > 50 || !isFit) throw new Error(`the skills of ${userID} do not fit`);
    this.resources.set(userID, resource);
  }

  #keepTeam(team: UccxTeam): void {
    if (!/^\S(.{0,47}\S)?$/u.test(team.name)) throw new Error(`${team.name} is no name of a team`);
    const named = [team.primarySupervisor ?? [], team.secondarySupervisors, team.guests ?? []].flat();
    for (const userID of named) this.#resource(userID);
    this.teams.set(team.id, team);
  }

  #replaceInTeams(userID: string, by: readonly string[]): void {
    const replace = (names: readonly string[]): readonly string[] =>
      names.flatMap((name) => (name === userID ? by : [name]));
    for (const team of [...this.teams.values()]) {
      this.teams.set(
        team.id,
        patched(team, {
          primarySupervisor: team.primarySupervisor === userID ? by[0] : team.primarySupervisor,
          secondarySupervisors: replace(team.secondarySupervisors),
          guests: team.guests && replace(team.guests),
        }),
      );
    }
  }
}

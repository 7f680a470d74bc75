// What a UCCX holds, as plain data: the one shape between whoever invents the staff and the simulator that shows it.
// A team names its supervisors by userID; what a resource says of the teams it supervises follows from that.

export interface UccxCompetence {
  readonly skillId: number;
  /** 1 to 10. */
  readonly level: number;
}

export interface UccxResource {
  /** As written in CUCM: any character but `/` and `\`. */
  readonly userID: string;
  /** May be empty. */
  readonly firstName: string;
  readonly lastName: string;
  readonly extension: string;
  /** Shown as an empty element if it is empty, not at all if it is absent. */
  readonly alias?: string;
  readonly resourceGroupId?: number;
  /** In the order of the source, at most 50. */
  readonly skills: readonly UccxCompetence[];
  readonly autoAvailable: boolean;
  /** 1 agent, 2 supervisor. */
  readonly type: 1 | 2;
  readonly teamId: number;
}

export interface UccxTeam {
  readonly id: number;
  readonly name: string;
  readonly primarySupervisor?: string;
  readonly secondarySupervisors: readonly string[];
  readonly csqIds: readonly number[];
  /** People of other teams whom the item of this team names all the same. */
  readonly guests?: readonly string[];
}

export interface UccxSkill {
  readonly id: number;
  readonly name: string;
}

export interface UccxResourceGroup {
  readonly id: number;
  readonly name: string;
}

export interface UccxCsq {
  readonly id: number;
  readonly name: string;
  readonly pool:
    | { readonly kind: 'skills'; readonly skills: readonly UccxCompetence[] }
    | { readonly kind: 'group'; readonly resourceGroupId: number };
}

export interface UccxData {
  readonly resources: readonly UccxResource[];
  readonly teams: readonly UccxTeam[];
  readonly skills: readonly UccxSkill[];
  readonly resourceGroups: readonly UccxResourceGroup[];
  readonly csqs: readonly UccxCsq[];
}

/** The team of everybody who is in no other. */
export const defaultTeamId = 1;

// What a UCCE or PCCE holds, as plain data: the one shape between whoever invents the staff and the simulator that shows it.
// Ids are the database ids at the end of a refURL; a reference is the id of what it names.

export interface UccePerson {
  readonly firstName?: string;
  readonly lastName?: string;
  /** The login; `user@domain` for a supervisor without single sign-on. */
  readonly userName?: string;
  readonly loginEnabled?: boolean;
  readonly ssoEnabled?: boolean;
  readonly emailAddress?: string;
}

export interface UcceAttributeValue {
  /** Of the attribute. */
  readonly id: number;
  /** `true`, `false`, or 1 to 10. */
  readonly value: string;
  readonly description?: string;
}

export interface UcceAgent {
  readonly id: number;
  readonly changeStamp: number;
  /** The peripheral number: a name with its leading zeros, unique on its peripheral only. */
  readonly agentId: string;
  readonly peripheralId: number;
  readonly person: UccePerson;
  readonly supervisor: boolean;
  readonly teamId?: number;
  readonly supervisorTeamIds: readonly number[];
  readonly departmentId?: number;
  readonly description?: string;
  readonly attributes: readonly UcceAttributeValue[];
  readonly skillGroupIds: readonly number[];
  readonly defaultSkillGroupId?: number;
  readonly deskSettings?: { readonly id: number; readonly name: string };
  /** Marked for deletion: the row stays, the API hides it. */
  readonly deleted?: boolean;
}

export interface UcceTeam {
  readonly id: number;
  readonly changeStamp: number;
  readonly name: string;
  readonly description?: string;
  readonly peripheralId: number;
  readonly departmentId?: number;
  /** Known to 15.0 and later. */
  readonly primarySupervisorId?: number;
}

export interface UcceSkillGroup {
  readonly id: number;
  readonly changeStamp: number;
  readonly name: string;
  readonly description?: string;
  readonly peripheralId: number;
  readonly peripheralNumber?: number;
  readonly departmentId?: number;
  readonly deleted?: boolean;
}

export interface UcceAttribute {
  readonly id: number;
  readonly changeStamp: number;
  readonly name: string;
  readonly description?: string;
  /** Shown as dataType 3 or 4. */
  readonly kind: 'boolean' | 'proficiency';
  readonly departmentId?: number;
}

export interface UcceDepartment {
  readonly id: number;
  readonly changeStamp: number;
  readonly name: string;
  readonly description?: string;
  readonly deleted?: boolean;
}

export interface UccePeripheral {
  readonly id: number;
  readonly name: string;
}

export interface UcceData {
  readonly agents: readonly UcceAgent[];
  readonly teams: readonly UcceTeam[];
  readonly skillGroups: readonly UcceSkillGroup[];
  readonly attributes: readonly UcceAttribute[];
  readonly departments: readonly UcceDepartment[];
  readonly peripherals: readonly UccePeripheral[];
}

// The staff that a directory, a UCCX and a UCCE share: who of the invented people is where, how each system writes them,
// and the traps that tests ask for by name. The same for the same options; the first half of UCCX is not on UCCE.
import { mixedCase, spell, spellingOn } from './cisco-spelling.ts';
import { type UcceStaff, ucceStaff } from './cisco-staff-ucce.ts';
import { type UccxStaff, uccxStaff } from './cisco-staff-uccx.ts';
import { generatePeople, type Person } from './people.ts';
import type { UcceAgent, UcceData } from './ucce-data.ts';
import type { UccxData, UccxResource } from './uccx-data.ts';

export interface CiscoStaffOptions {
  readonly seed?: number;
  /** 400 unless given: as many as a UCCX has at most; 40 at least. */
  readonly uccxAgents?: number;
  /** 12,000 unless given; 40 at least. */
  readonly ucceAgents?: number;
}

export interface CiscoTraps {
  /** On UCCX with a userID that is the AD login of somebody else. */
  readonly otherPersonsLogin: { readonly userID: string; readonly person: Person; readonly ownerInDirectory: Person };
  /** Works on UCCX and has no account in AD. */
  readonly notInDirectory: { readonly userID: string; readonly person: Person };
  /** Works on UCCX and is disabled in AD. */
  readonly disabledInDirectory: { readonly userID: string; readonly person: Person };
  readonly sameExtension: { readonly extension: string; readonly userIDs: readonly [string, string] };
  /** Two different people, one on each peripheral. */
  readonly sameAgentId: { readonly agentId: string; readonly agentIds: readonly [number, number] };
  /** Somebody else gets the userID of a person who left: `UccxState.changeResource(userID, after)`. */
  readonly recycledUserID: {
    readonly userID: string;
    readonly before: Person;
    readonly next: Person;
    readonly after: Pick<UccxResource, 'firstName' | 'lastName' | 'extension'>;
  };
  /** A team of both systems that have nothing to do with each other. */
  readonly sameTeamName: { readonly name: string; readonly uccxId: number; readonly ucceId: number };
  readonly supervisorWithoutTeams: { readonly userID: string; readonly agentRow: number };
  /** UserIDs that need care on their way through a URL, a filter and a comparison. */
  readonly oddUserIDs: Readonly<Record<'blank' | 'plus' | 'percent' | 'at' | 'umlaut' | 'mixedCase', string>>;
}

export interface CiscoStaff {
  readonly seed: number | undefined;
  /** Everybody, also those who are in AD only. */
  readonly people: readonly Person[];
  readonly uccx: UccxData;
  readonly ucce: UcceData;
  readonly uccxPeople: readonly { readonly userID: string; readonly person: Person }[];
  /** `id`: of the agent's row, the end of its refURL. */
  readonly uccePeople: readonly { readonly id: number; readonly userName: string; readonly person: Person }[];
  /** On both. */
  readonly bothPeople: readonly Person[];
  /** Who of the people is not to be in AD. */
  readonly notInDirectory: readonly Person[];
  readonly traps: CiscoTraps;
}

/** The domain of the principal names in AD, and of the logins on UCCE. */
export const staffDomain = 'corp.example.test';
/** In AD only: the office. */
const officeStaff = 20;

/** Places among the people; the contact centre disables the seventh. */
const place = {
  disabledInDirectory: 7,
  notInDirectory: 8,
  otherPersonsLogin: 9,
  sameExtension: [11, 12],
  recycled: 13,
  blank: 14,
  plus: 15,
  percent: 16,
  at: 17,
  umlaut: 18,
  /** From here on, the first whose login has letters enough. */
  mixedCaseFrom: 19,
} as const;

export function ciscoStaff(options: CiscoStaffOptions = {}): CiscoStaff {
  const { uccxAgents = 400, ucceAgents = 12_000, seed } = options;
  if (uccxAgents < 40 || uccxAgents > 400) throw new Error('a UCCX of the lab has 40 to 400 agents');
  if (ucceAgents < 40) throw new Error('a UCCE of the lab has at least 40 agents');
  const ucceFrom = Math.floor(uccxAgents / 2);
  const workers = Math.max(uccxAgents, ucceFrom + ucceAgents);
  const people = generatePeople({ count: workers + officeStaff, ...(seed === undefined ? {} : { seed }) });
  const at = (index: number): Person => people[index] as Person;
  const userIDs = oddUserIDs(at, at(workers));
  const [one, other] = place.sameExtension;
  const uccx = uccxStaff(people.slice(0, uccxAgents), {
    userIDs,
    extensions: new Map([[other, at(one).extension]]),
  });
  const ucce = ucceStaff(people.slice(ucceFrom, ucceFrom + ucceAgents), staffDomain);
  return {
    seed,
    people,
    uccx: uccx.data,
    ucce: ucce.data,
    uccxPeople: uccx.people,
    uccePeople: ucce.people,
    bothPeople: people.slice(ucceFrom, Math.min(uccxAgents, ucceFrom + ucceAgents)),
    notInDirectory: [at(place.notInDirectory)],
    traps: trapsOf(at, uccx, ucce, { stranger: at(workers), next: at(workers + 1) }),
  };
}

type PersonAt = (index: number) => Person;

function trapsOf(
  at: PersonAt,
  uccx: UccxStaff,
  ucce: UcceStaff,
  office: { readonly stranger: Person; readonly next: Person },
): CiscoTraps {
  const [one, other] = place.sameExtension;
  const { stranger, next } = office;
  const userIDOf = (index: number): string => uccx.people[index]?.userID ?? '';
  const onUccx = (index: number) => ({ userID: userIDOf(index), person: at(index) });
  return {
    otherPersonsLogin: { ...onUccx(place.otherPersonsLogin), ownerInDirectory: stranger },
    notInDirectory: onUccx(place.notInDirectory),
    disabledInDirectory: onUccx(place.disabledInDirectory),
    sameExtension: { extension: at(one).extension, userIDs: [userIDOf(one), userIDOf(other)] },
    sameAgentId: ucce.sameAgentId,
    recycledUserID: {
      userID: userIDOf(place.recycled),
      before: at(place.recycled),
      next,
      after: { ...spell(next, spellingOn('uccx', next)), extension: next.extension },
    },
    sameTeamName: sameTeamName(uccx.data, ucce.data),
    supervisorWithoutTeams: { userID: uccx.supervisorWithoutTeams, agentRow: ucce.supervisorWithoutTeams.id },
    oddUserIDs: {
      blank: userIDOf(place.blank),
      plus: userIDOf(place.plus),
      percent: userIDOf(place.percent),
      at: userIDOf(place.at),
      umlaut: userIDOf(place.umlaut),
      mixedCase: userIDOf(mixedCasePlace(at)),
    },
  };
}

function mixedCasePlace(at: PersonAt): number {
  let index: number = place.mixedCaseFrom;
  while (!/^[a-z]{3}/.test(at(index).login)) index += 1;
  return index;
}

function oddUserIDs(at: PersonAt, stranger: Person): ReadonlyMap<number, string> {
  const login = (index: number): string => at(index).login;
  const mixedPlace = mixedCasePlace(at);
  return new Map([
    [place.otherPersonsLogin, stranger.login],
    [place.blank, `${login(place.blank)} temp`],
    [place.plus, `${login(place.plus)}+night`],
    [place.percent, `${login(place.percent)}%40`],
    [place.at, `${login(place.at)}@${staffDomain}`],
    [place.umlaut, `jürgen.${login(place.umlaut)}`],
    [mixedPlace, mixedCase(login(mixedPlace))],
  ]);
}

function sameTeamName(uccx: UccxData, ucce: UcceData): CiscoTraps['sameTeamName'] {
  for (const { name, id } of uccx.teams) {
    const twin = ucce.teams.find((team) => team.name === name);
    if (twin !== undefined) return { name, uccxId: id, ucceId: twin.id };
  }
  throw new Error('no team of UCCX has the name of one of UCCE');
}

/** The row of an agent, for tests that know the person only. */
export function agentRowOf(staff: CiscoStaff, person: Pick<Person, 'index'>): UcceAgent | undefined {
  const id = staff.uccePeople.find((row) => row.person.index === person.index)?.id;
  return staff.ucce.agents.find((agent) => agent.id === id);
}

// The ways in which one UCCE differs from another, and those in which it misbehaves; each can be switched while it runs.
// The defaults are what Cisco documents, or a choice where it says nothing (cisco-apis part 4).
import { type Notation, usualNotation } from './ucce-document.ts';

export const ucceTypes = ['agent', 'agentteam', 'skillgroup', 'attribute', 'department'] as const;
export type UcceType = (typeof ucceTypes)[number];

export interface UcceVariants extends Notation {
  /** Before the path of a refURL: empty, or the origin of some host. */
  readonly refUrlOrigin: string;
  /** After a refURL: empty, `/`, or a query. */
  readonly refUrlSuffix: string;
  /** Origin of the links between pages. */
  readonly linkOrigin: string;
  /** How a link that leads nowhere is shown: on the first page prevPage, on the last nextPage. */
  readonly deadLink: 'missing' | 'empty';
  /** `never`: not even on a page that has one after it. */
  readonly nextPage: 'shown' | 'never';
  /** resultsPerPage over 100; open in the documentation. */
  readonly oversizedPage: 'refuse' | 'clamp';
  /** What is shown for a startIndex beyond the end: as many results as asked for, or what the last link leads to. */
  readonly beyondTheEnd: 'full-page' | 'last-link';
  /** Order of results that the sort leaves equal; `unstable`: another one on every second page. */
  readonly ties: 'by-id' | 'unstable';
  /** totalResults as told; the truth unless it is changed here. */
  readonly totalResults: (truth: number) => number;
  readonly ssoEnabled: 'word' | 'digit';
  /** Releases up to about 10 name a supervisor's domain apart. */
  readonly supervisorLogin: 'user@domain' | 'supervisor-user-info';
  readonly json: 'answered' | 'refused';
  /** What an administrator gets for the agent teams; UCCE 12.6(1) does not offer them. */
  readonly administratorTeams: 'allowed' | 403 | 404;
  /** What a login gets for an item that it may not see; open in the documentation. */
  readonly hiddenItem: 403 | 404;
  readonly errorBody: 'api-errors' | 'text' | 'html' | 'empty';
  /** Types that this release does not have; a UCCE has no departments. */
  readonly absentTypes: readonly UcceType[];
  /** Types without writes, whose lists come without permissionInfo. */
  readonly typesWithoutWrites: readonly UcceType[];
}

export const usualVariants: UcceVariants = {
  ...usualNotation,
  refUrlOrigin: '',
  refUrlSuffix: '',
  linkOrigin: 'https://aw1.example.test',
  deadLink: 'missing',
  nextPage: 'shown',
  oversizedPage: 'refuse',
  beyondTheEnd: 'full-page',
  ties: 'by-id',
  totalResults: (truth) => truth,
  ssoEnabled: 'word',
  supervisorLogin: 'user@domain',
  json: 'answered',
  administratorTeams: 'allowed',
  hiddenItem: 404,
  errorBody: 'api-errors',
  absentTypes: [],
  typesWithoutWrites: [],
};

// What a person wants pinned, as the store keeps it: validated per kind.
//
//   kind        what           keep                                keep-out           value
//   field       field name     this text (default: the present)    stays empty        text
//   enabled     yes or no      stays so                            -                  true, false
//   membership  team           stays in, or comes in               stays out          -
//   grant       team           keeps it, or gets it                never has it       -
//   role        role           keeps it, or gets it                never has it       -
//   main-team   team           main while a member                 -                  number of the team

import { RosterdError } from '../model/errors.ts';
import type { RoleCatalogue, ValidationPolicy } from '../model/policy.ts';
import type { Team } from '../model/team.ts';
import { type FieldName, fieldNames, type Pin, type PinKind, type User } from '../model/user.ts';
import { findRole, findTeam, nearestName, usernameOf } from './find.ts';
import { faultOf } from './validate-field.ts';

export const pinKinds = [
  'field',
  'enabled',
  'membership',
  'grant',
  'role',
  'main-team',
] as const satisfies readonly PinKind[];

export interface PinTargetRequest {
  readonly kind: PinKind;
  /** Field, team, role, or `yes` / `no` for `enabled`. */
  readonly what: string;
  readonly mode: Pin['mode'];
  /** Fields only. */
  readonly value?: string;
}

export interface PinTarget extends Pick<Pin, 'kind' | 'subject' | 'mode' | 'value'> {
  /** In words: `email`, `team Sales`, `role Supervisor`, `main team Sales`. */
  readonly named: string;
}

interface Known {
  readonly user: User;
  readonly teams: readonly Team[];
  readonly roles: RoleCatalogue;
  readonly rules: ValidationPolicy;
}

const invalid = (message: string, subject: string): RosterdError =>
  new RosterdError('value-invalid', message, { subject });

export function pinTarget(request: PinTargetRequest, known: Known): PinTarget {
  const { kind, what, mode, value } = request;
  if (value !== undefined && kind !== 'field') throw invalid(`A pin of kind ${kind} takes no --value.`, kind);
  if (mode === 'keep-out' && (kind === 'enabled' || kind === 'main-team'))
    throw invalid(`A pin of kind ${kind} cannot keep out.`, kind);
  switch (kind) {
    case 'field':
      return fieldTarget(parseFieldName(what), request, known);
    case 'enabled':
      return {
        kind,
        subject: '-',
        mode,
        value: String(parseYesNo(what)),
        named: parseYesNo(what) ? 'enabled' : 'disabled',
      };
    case 'membership':
    case 'grant': {
      const team = findTeam(known.teams, what);
      return {
        kind,
        subject: String(team.id),
        mode,
        named: `${kind === 'grant' ? 'can manage' : 'team'} ${team.name}`,
      };
    }
    case 'role': {
      const role = findRole(known.roles, what);
      return { kind, subject: role, mode, named: `role ${role}` };
    }
    case 'main-team':
      return mainTeamTarget(what, known);
    default:
      return kind satisfies never;
  }
}

/** The subject alone, for taking a pin away: the team, role or field need not be valid any more. */
export function pinSubject(kind: PinKind, what: string | undefined, teams: readonly Team[]): string {
  switch (kind) {
    case 'enabled':
    case 'main-team':
      return '-';
    case 'field':
      return parseFieldName(required(kind, what));
    case 'membership':
    case 'grant':
      return String(findTeam(teams, required(kind, what)).id);
    case 'role':
      return required(kind, what);
    default:
      return kind satisfies never;
  }
}

function required(kind: PinKind, what: string | undefined): string {
  if (what !== undefined) return what;
  throw new RosterdError('usage', `Say which ${kind === 'field' || kind === 'role' ? kind : 'team'} is meant.`);
}

function parseFieldName(text: string): FieldName {
  const found = fieldNames.find((field) => field.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const nearest = nearestName(text, fieldNames);
  throw invalid(
    `No field "${text}". ${nearest === undefined ? `Fields: ${fieldNames.join(', ')}.` : `Did you mean ${nearest}?`}`,
    text,
  );
}

function parseYesNo(text: string): boolean {
  if (/^(yes|true|on)$/iu.test(text)) return true;
  if (/^(no|false|off)$/iu.test(text)) return false;
  throw invalid(`"${text}" is neither yes nor no.`, text);
}

function fieldTarget(field: FieldName, request: PinTargetRequest, known: Known): PinTarget {
  const present = known.user.values[field]?.value;
  if (request.mode === 'keep-out') {
    if (field === 'username') throw invalid('A user cannot be without a username.', field);
    if (request.value !== undefined) throw invalid('--keep-out keeps the field empty; it takes no --value.', field);
    return { kind: 'field', subject: field, mode: 'keep-out', named: field };
  }
  const value = request.value?.normalize('NFC').trim() ?? present;
  if (value === undefined || value === '')
    throw invalid(
      `${field} of ${usernameOf(known.user)} is empty. Give --value, or --keep-out to keep it empty.`,
      field,
    );
  if (field === 'username' && value !== present)
    throw invalid('A username is not edited by hand (R107); it can only be pinned as it is.', field);
  // An edit is not refused for an old fault that it does not touch.
  const fault = value === present ? undefined : faultOf(field, value, known.rules);
  if (fault !== undefined) throw invalid(`${field} ${fault}.`, field);
  return { kind: 'field', subject: field, mode: 'keep', value, named: field };
}

function mainTeamTarget(what: string, known: Known): PinTarget {
  const team = findTeam(known.teams, what);
  if (!known.user.memberships.some((row) => row.team === team.id)) {
    throw invalid(
      `${usernameOf(known.user)} is not a member of ${team.name}; only a team of the user can be its main team.`,
      team.name,
    );
  }
  return { kind: 'main-team', subject: '-', mode: 'keep', value: String(team.id), named: `main team ${team.name}` };
}

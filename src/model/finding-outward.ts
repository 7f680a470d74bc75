// What a finding asks of the administrator of a source: somebody who knows that system and has never heard of rosterd.
// Invariant: no command and no word of rosterd. `undefined`: it is for whoever runs rosterd, and nobody else can settle it.

import { type FindingCode, findingCodes } from './finding.ts';

/** Where the text for operators does not do. `null`: not for others. */
const outwardTexts: Readonly<Partial<Record<FindingCode, string | null>>> = {
  'unmatched-account': 'It is not known whose account this is. Please say whose it is, or remove it.',
  'disputed-match':
    'Several people could be meant by this account. Please make the name or address that they share unique, or say whose account it is.',
  'name-of-another':
    'The name of this account was carried by another one before. Please say whether it is the same person; if not, give one of the two another name.',
  'second-account':
    'This person has another account in the same system. Please say whether both are of the same person; if not, correct the value that they share.',
  'protected-match': null,
  'role-holder-match': null,
  'returned-late':
    'This account came back after a long time. Please say whether it belongs to the same person as before.',
  'username-missing': 'This account has no user name. Please enter one.',
  'username-conflict': 'Somebody else has this user name. Please change one of the two.',
  'email-conflict': 'Somebody else has this e-mail address. Please correct one of the two.',
  'username-invalid': 'The user name does not follow the rules for user names. Please correct it.',
  'name-invalid': 'The name does not follow the rules for names. Please correct it.',
  'email-invalid': 'This is not a valid e-mail address. Please correct it.',
  'phone-invalid': 'The phone number does not follow the rules for phone numbers. Please correct it.',
  'record-rejected': 'This record could not be read. Please look for damaged or unusual values in it and correct them.',
  'role-unknown': null,
  'team-name-conflict':
    'Another system has a team of the same name. Please rename this one, or say that both are the same team.',
  'team-unfed': 'This group is gone. Please say so if that was a mistake.',
  'group-members-unread':
    'The members of this group could not be read completely. Please check that the account that reads them may see all of them.',
  'sync-off-but-disabled': null,
  'sync-off-new-match': null,
  'plan-held': null,
  'verify-mismatch': null,
  'value-flapping': null,
  'other-person':
    'The names of this account are not those of the person whose user name, address or number it has. Please say whether it is the same person; if not, give one of the two another one.',
  'unlinked-account': 'It is not known whose account this is. Please say whose it is, or remove it.',
  'agent-id-missing': 'Without an agent ID the calls of this agent cannot be matched. Please give the agent one.',
  'extension-missing':
    'Without a phone extension the calls of this agent cannot be matched. Please give the agent one.',
  'agent-id-shared':
    'Several people have this agent ID, so calls may be matched to the wrong person. Please give each of them their own.',
  'extension-shared':
    'Several people have this phone extension, so calls may be matched to the wrong person. Please give each of them their own.',
  // Roles are given here, not in a source.
  'supervisor-cannot-evaluate': null,
  'supervisor-cannot-view': null,
  'attribute-unread':
    'A value that is needed could not be read. Please check that the account that reads it may see it.',
};

export function outwardText(code: FindingCode): string | undefined {
  const own = outwardTexts[code];
  return own === undefined ? findingCodes[code] : (own ?? undefined);
}

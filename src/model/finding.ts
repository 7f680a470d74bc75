// Something a person should look at. It has a code and a subject, opens and closes by itself.

import type { SourceName } from './ids.ts';

/** Every finding code with what it means and what to do: the list that `finding list` and docs/errors.md print. */
export const findingCodes = {
  'unmatched-account':
    'No user matches this account and the source may not create users. Link it with `rosterd user link`, or set createUsers.',
  'disputed-match':
    'Several users match this account, or a match key is shared: link it with `rosterd user link`, or mend the shared value in the source. Or it matches only by an account that waits for a person itself: decide on that one first.',
  'name-of-another':
    'The name of this user is now carried by another id of the source. If it is the same person, say so with `rosterd user link`; if not, give one of the two another name in the source. Until then both wait.',
  'second-account':
    'The matching user already has an account of this source. If this one is of the same person, link it with `rosterd user link`; if not, mend the shared value in the source.',
  'protected-match':
    'The matching user is protected; it is never linked automatically. Link it with `rosterd user link`.',
  'role-holder-match':
    'The matching user is not synced and holds a role; it is never linked automatically. Link it with `rosterd user link`.',
  'returned-late':
    'The account came back after its time of return had passed. If it is the same person, say so with `rosterd user link`; until then the user stays as it is.',
  'username-missing': 'The source gives no username, so no user can be created. Mend the record in the source.',
  'username-conflict': 'Another user holds this username and keeps it. Mend one of the two in the source.',
  'email-conflict': 'Another user holds this e-mail address and keeps it. The one named here goes without.',
  'username-invalid': 'The username breaks a validation rule. The user works; mend the record in the source.',
  'name-invalid': 'A name breaks a validation rule. The user works; mend the record in the source.',
  'email-invalid': 'The e-mail address is not a valid address. Mend the record in the source.',
  'phone-invalid': 'The phone number breaks a validation rule. Mend the record in the source.',
  'record-rejected':
    'A record could not be decoded. It is protected from looking absent. Mend the record in the source.',
  'role-unknown': 'A role mapping names a role that the catalogue does not have. Add it or mend the mapping.',
  'team-name-conflict':
    'A group has the name of a team that it does not feed. Its team carries the name of the source as a suffix.',
  'team-unfed':
    'The group that fed this team is gone. The team stays, empty or with those whom a person put there, and does no harm.',
  'group-members-unread': 'The members of a group could not be read whole. Its memberships stay as they are.',
  'sync-off-but-disabled':
    'The source disabled or lost this person, but the sync switch of the user is off. Disable the user with `rosterd user disable`, or switch sync on with `rosterd user sync on`.',
  'sync-off-new-match':
    'An account matches a user whose sync is off. Switch sync on with `rosterd user sync on`, or link it with `rosterd user link`.',
  'plan-held':
    'The guard holds changes of this source. Look at them with `rosterd run show`, then `rosterd run approve` or `rosterd run reject`.',
  'verify-mismatch': 'Planning again after the run did not come out empty. This is a fault of rosterd: report it.',
  'value-flapping':
    'Two writers change the same thing of a user back and forth. `rosterd user explain` and `rosterd audit list` show both. Mend the one that is wrong, or pin the value with `rosterd user pin`.',
  'other-person':
    'The account matches this user, but beside what the shared login, address or number holds (`jsmith`: Smith) the names do not agree, so it may be somebody else. If it is the same person, say so with `rosterd finding resolve <id> --link`; if not, with `--new`.',
  'unlinked-account':
    'A person took this account from its user, so no rule links it again. Link it with `rosterd user link`, or make a user of it with `rosterd finding resolve <id> --new`.',
  'not-in-directory':
    'This agent has no account in the directory that decides who works here. Create the person there, or remove the agent.',
  'disabled-in-directory':
    'The directory has disabled or lost this person, but the agent can still log in. Take the login or the extension away from the agent.',
  'names-differ': 'The sources write the name of this person differently. Mend the spelling in the one that is wrong.',
  'agent-id-missing':
    'Without an agent ID the calls of this agent cannot be matched. Give the agent one in the source, or set one with `rosterd user attribute set`.',
  'extension-missing':
    'Without a phone extension the calls of this agent cannot be matched. Give the agent one in the source, or set one with `rosterd user attribute set`.',
  'agent-id-shared':
    'Several users have this agent ID, so calls may be matched to the wrong person. Give one of them another.',
  'extension-shared':
    'Several users have this phone extension, so calls may be matched to the wrong person. Give one of them another.',
  'supervisor-cannot-evaluate':
    'This user may manage teams, but has no role with EVAL_AGENTS and CREATE_EVALS, so reviewing is refused. Map or assign such a role, or take the teams away.',
  'supervisor-cannot-view':
    'This user may manage teams, but has no role with INTERACTIONS_GROUP_VIEW, so their conversations stay hidden. Map or assign such a role, or take the teams away.',
  'team-without-members': 'Nobody is in this team. Give it members in the source, or delete it there.',
  'team-without-supervisor': 'Nobody may manage this team. Name a supervisor in the source.',
  'attribute-unread':
    'An attribute that the mapping uses could not be read from this source. The values stay as they are.',
} as const;

export type FindingCode = keyof typeof findingCodes;

/**
 * A finding as the planner or a run derives it. `subject` is stable over runs
 * (`user:12`, `account:ad-hq/<id>`, `team:3`, `group:ad-hq/<id>`, `source:ad-hq`), `label` is for people.
 */
export interface Finding {
  readonly code: FindingCode;
  readonly source?: SourceName;
  readonly subject: string;
  readonly label: string;
  /** Facts for people and machines, e.g. `{ value, holder }`. Never secrets. */
  readonly detail: Readonly<Record<string, string | number | readonly string[]>>;
}

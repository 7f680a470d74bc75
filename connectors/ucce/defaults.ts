// What a UCCE or PCCE source does unless its configuration says otherwise.

import type { MappingRule } from '../../src/model/policy.ts';
import type { SourceDefaults } from '../connector-type.ts';

const first = (...attributes: readonly string[]): MappingRule => ({ kind: 'first', attributes });

export const defaults: SourceDefaults = {
  lifecycle: 'vote',
  correlation: ['principalName', 'username', 'usernameWithoutDomain', 'email'],
  mapping: {
    fields: {
      username: first('username'),
      firstName: first('firstname'),
      lastName: first('lastname'),
      displayName: { kind: 'template', template: '{firstname} {lastname}', attributes: ['firstname', 'lastname'] },
      email: first('emailaddress'),
      department: first('department'),
      description: first('description'),
    },
    attributes: { agentId: first('agentid') },
    matchKeys: { principalName: first('username') },
  },
  confirmReads: 1,
  createUsers: true,
  teamsFrom: 'groups',
};

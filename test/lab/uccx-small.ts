// A small invented UCCX, made by hand for tests: what the documentation shows, each oddity on somebody of its own.
import type { UccxData } from './uccx-data.ts';

export function smallUccx(): UccxData {
  return {
    resources: [
      {
        userID: 'mhorvat',
        firstName: 'Mira',
        lastName: 'Horvat',
        extension: '40011',
        alias: '',
        resourceGroupId: 7,
        skills: [{ skillId: 37, level: 8 }],
        autoAvailable: true,
        type: 1,
        teamId: 6,
      },
      // Without first name, alias, group and skills; supervises teams that are not the own one.
      {
        userID: 'T.Okafor',
        firstName: '',
        lastName: 'Okafor',
        extension: '40002',
        skills: [],
        autoAvailable: true,
        type: 2,
        teamId: 1,
      },
      {
        userID: 'alindqvist',
        firstName: 'Ana',
        lastName: 'Lindqvist',
        extension: '40003',
        alias: 'Ana & co <1>',
        skills: [
          { skillId: 38, level: 10 },
          { skillId: 37, level: 1 },
        ],
        autoAvailable: false,
        type: 2,
        teamId: 9,
      },
      {
        userID: 'jürgen w+x%40@corp.example.test',
        firstName: 'Jürgen',
        lastName: 'Weil',
        extension: '40004',
        alias: '',
        skills: [],
        autoAvailable: true,
        type: 1,
        teamId: 9,
      },
    ],
    teams: [
      { id: 1, name: 'Default', secondarySupervisors: ['T.Okafor'], csqIds: [] },
      {
        id: 6,
        name: 'Billing',
        primarySupervisor: 'T.Okafor',
        secondarySupervisors: ['alindqvist'],
        csqIds: [12],
        guests: ['alindqvist'],
      },
      { id: 9, name: 'Night Shift', secondarySupervisors: ['T.Okafor'], csqIds: [] },
      { id: 10, name: 'Reserve', secondarySupervisors: [], csqIds: [] },
    ],
    skills: [
      { id: 37, name: 'SK_Billing' },
      { id: 38, name: 'SK_Français' },
    ],
    resourceGroups: [{ id: 7, name: 'Front Office' }],
    csqs: [
      { id: 12, name: 'CSQ_Billing', pool: { kind: 'skills', skills: [{ skillId: 37, level: 5 }] } },
      { id: 13, name: 'CSQ_Front', pool: { kind: 'group', resourceGroupId: 7 } },
    ],
  };
}

// Options that several groups of commands have in the same words.

import { Option } from 'commander';

export const reasonOption = (): Option =>
  new Option('--reason <text>', 'why; kept in the audit log').makeOptionMandatory();

export const untilOption = (): Option =>
  new Option('--until <moment>', 'for how long: 30d, 12h, 2026-12-24; without it until it is undone');

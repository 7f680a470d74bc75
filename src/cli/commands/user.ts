// rosterd user: puts the commands about users together.

import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { describeGroup } from '../describe-command.ts';
import { addUserAttributeCommands } from './user-attribute.ts';
import { addUserExplain, addUserShow } from './user-explain.ts';
import { addUserLifecycleCommands } from './user-lifecycle.ts';
import { addUserLinkCommands } from './user-link.ts';
import { addUserList } from './user-list.ts';
import { addUserPinCommands } from './user-pin.ts';
import { addUserSyncCommands } from './user-sync.ts';

export function addUserCommands(program: Command, cli: Cli): void {
  const group = describeGroup(program, 'user', 'Users: look at them, ask why, edit what is local');
  addUserList(group, cli);
  addUserShow(group, cli);
  addUserExplain(group, cli);
  addUserLifecycleCommands(group, cli);
  addUserSyncCommands(group, cli);
  addUserAttributeCommands(group, cli);
  addUserPinCommands(group, cli);
  addUserLinkCommands(group, cli);
}

// The admin use cases as one value: what a person does, whichever door (command line, API) the person came through.

import type { AdminContext } from './ports.ts';

export interface Admin {
  readonly actor: string;
}

export function createAdmin(context: AdminContext): Admin {
  return { actor: context.actor };
}

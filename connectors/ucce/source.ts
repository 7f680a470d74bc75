// One configured UCCE or PCCE: what every phase needs to know of it.

import type { ExternalId } from '../../src/model/ids.ts';
import type { WantedAttributes } from '../connector-type.ts';
import { Scope } from './scope.ts';
import { instanceOf, type UcceSettings } from './settings.ts';
import type { View } from './view.ts';

export interface UcceSource {
  readonly settings: UcceSettings;
  readonly wanted: WantedAttributes;
  readonly scope: Scope;
  /** The API names neither itself nor its database (cisco-apis.md 2.1): the configured name stands for both. */
  readonly identity: string;
  /** Teams that the agents of the last complete read named, where the list of teams itself was not wanted or not shown. */
  teamsOfAgents: { readonly ids: ReadonlySet<ExternalId>; readonly list: 'refused' | 'not wanted' } | undefined;
  /** What the last read was shown; undefined before it. */
  view: View | 'none' | undefined;
}

export const sourceOf = (settings: UcceSettings, wanted: WantedAttributes): UcceSource => ({
  settings,
  wanted,
  scope: new Scope(settings.agents),
  identity: `ucce:${instanceOf(settings)}`,
  teamsOfAgents: undefined,
  view: undefined,
});

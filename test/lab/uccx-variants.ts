// What was seen in some answers of UCCX and not in others, or never verified: switched on and off while the simulator runs.

export interface UccxVariants {
  /** How much of each list is shown. */
  readonly lists: 'all' | 'one' | 'none';
  /** `negotiated` by Accept. */
  readonly format: 'negotiated' | 'xml' | 'json';
  readonly declaration: 'with' | 'without';
  readonly byteOrderMark: 'without' | 'with';
  /** `inside`: blanks and line ends around every text. */
  readonly blanks: 'none' | 'between' | 'inside';
  readonly letters: 'plain' | 'entities';
  /** The last path segment of self and refURL: `percent` (RFC 3986), `plus` (a blank becomes +), `raw`. */
  readonly urls: 'percent' | 'plus' | 'raw';
  readonly alias: 'usual' | 'missing' | 'empty';
  /** An empty alias in JSON. */
  readonly emptyAlias: 'text' | 'null' | 'missing';
  readonly resourceGroup: 'usual' | 'missing';
  readonly team: 'usual' | 'missing';
  readonly firstName: 'usual' | 'empty' | 'missing';
  readonly supervisorContainers: 'usual' | 'missing';
  /** Which of the two sides tells who supervises a team. */
  readonly supervisorsSaidBy: 'both' | 'resources' | 'teams';
  readonly secondarySpelling: 'secondrySupervisor' | 'secondarySupervisor';
  /** One-element arrays in JSON. */
  readonly oneElement: 'array' | 'object';
  /** Numbers and booleans in JSON. */
  readonly scalars: 'native' | 'text';
  /** An empty list in JSON. */
  readonly emptyList: 'array' | 'null' | 'missing';
  /** The key of the XML attribute `name` in JSON. */
  readonly nameKey: '@name' | 'name';
}

export const usualVariants: UccxVariants = {
  lists: 'all',
  format: 'negotiated',
  declaration: 'with',
  byteOrderMark: 'without',
  blanks: 'none',
  letters: 'plain',
  urls: 'percent',
  alias: 'usual',
  emptyAlias: 'text',
  resourceGroup: 'usual',
  team: 'usual',
  firstName: 'usual',
  supervisorContainers: 'usual',
  supervisorsSaidBy: 'both',
  secondarySpelling: 'secondrySupervisor',
  oneElement: 'array',
  scalars: 'native',
  emptyList: 'array',
  nameKey: '@name',
};

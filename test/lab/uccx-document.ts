// The one tree behind both formats of UCCX: what is a list and what a scalar is said here, because XML does not tell.

export type UccxNode =
  | { readonly kind: 'value'; readonly name: string; readonly value: string | number | boolean }
  /** An element with an attribute `name`; and a refURL, but for a csq in a csqMap. */
  | { readonly kind: 'reference'; readonly name: string; readonly title: string; readonly url?: string }
  | { readonly kind: 'object'; readonly name: string; readonly children: readonly UccxNode[] }
  /** A repeating element, without an element around it. */
  | { readonly kind: 'list'; readonly name: string; readonly items: readonly UccxNode[] };

export interface UccxDocument {
  /** The XML root; JSON drops it. */
  readonly root: string;
  /** Only of a list: what JSON says in `@type`. */
  readonly listType?: string;
  readonly children: readonly UccxNode[];
}

export const value = (name: string, content: string | number | boolean): UccxNode => ({
  kind: 'value',
  name,
  value: content,
});
export const reference = (name: string, title: string, url?: string): UccxNode => ({
  kind: 'reference',
  name,
  title,
  ...(url === undefined ? {} : { url }),
});
export const object = (name: string, children: readonly UccxNode[]): UccxNode => ({ kind: 'object', name, children });
/** An element around a repeating one, empty if there is none. */
export const container = (name: string, item: string, items: readonly UccxNode[]): UccxNode =>
  object(name, [{ kind: 'list', name: item, items }]);

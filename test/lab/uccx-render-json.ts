// UCCX documents as JSON, by the rules found in clients: no root, `@name`, always arrays, `{}` for an empty element, native scalars.
import type { UccxDocument, UccxNode } from './uccx-document.ts';
import type { UccxVariants } from './uccx-variants.ts';

export function renderJson(document: UccxDocument, variants: UccxVariants): string {
  const type = document.listType === undefined ? {} : { '@type': document.listType };
  const mark = variants.byteOrderMark === 'with' ? '\ufeff' : '';
  const content = { ...type, ...members(document.children, variants, 'document') };
  return `${mark}${JSON.stringify(content, null, variants.blanks === 'none' ? 0 : '\t')}`;
}

/** An empty list is a key of the document, and no key of an element: `{"skill":[]}` and `"skillMap":{}`. */
function members(
  nodes: readonly UccxNode[],
  variants: UccxVariants,
  place: 'document' | 'element',
): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const node of nodes) {
    if (node.kind === 'list' && node.items.length === 0) {
      if (place === 'element' || variants.emptyList === 'missing') continue;
      entries.push([node.name, variants.emptyList === 'null' ? null : []]);
    } else if (node.kind === 'value' && node.name === 'alias' && node.value === '') {
      if (variants.emptyAlias !== 'missing') entries.push([node.name, variants.emptyAlias === 'null' ? null : '']);
    } else {
      entries.push([node.name, render(node, variants)]);
    }
  }
  return Object.fromEntries(entries);
}

function render(node: UccxNode, variants: UccxVariants): unknown {
  switch (node.kind) {
    case 'list': {
      const items = node.items.map((item) => render(item, variants));
      return items.length === 1 && variants.oneElement === 'object' ? items[0] : items;
    }
    case 'object':
      return members(node.children, variants, 'element');
    case 'value': {
      const scalar = variants.scalars === 'native' ? node.value : String(node.value);
      return variants.blanks === 'inside' && typeof scalar === 'string' && scalar !== '' ? ` ${scalar}\t` : scalar;
    }
    case 'reference':
      return { [variants.nameKey]: node.title, ...(node.url === undefined ? {} : { refURL: node.url }) };
    default:
      return node satisfies never;
  }
}

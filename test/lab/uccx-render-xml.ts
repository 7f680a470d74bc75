// UCCX documents as XML: attributes only for names, one line unless a variant asks for more.
import type { UccxDocument, UccxNode } from './uccx-document.ts';
import type { UccxVariants } from './uccx-variants.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function renderXml(document: UccxDocument, variants: UccxVariants): string {
  const mark = variants.byteOrderMark === 'with' ? '\ufeff' : '';
  const declaration = variants.declaration === 'with' ? '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' : '';
  return `${mark}${declaration}${element(document.root, '', renderAll(document.children, variants), variants)}`;
}

const renderAll = (nodes: readonly UccxNode[], variants: UccxVariants): string =>
  nodes.map((node) => render(node, variants)).join('');

function render(node: UccxNode, variants: UccxVariants): string {
  switch (node.kind) {
    case 'list':
      return renderAll(node.items, variants);
    case 'object':
      return element(node.name, '', renderAll(node.children, variants), variants);
    case 'value':
      return element(node.name, '', text(String(node.value), variants), variants);
    case 'reference': {
      const url = node.url === undefined ? '' : element('refURL', '', text(node.url, variants), variants);
      return element(node.name, ` name="${escaped(node.title, variants)}"`, url, variants);
    }
    default:
      return node satisfies never;
  }
}

function element(name: string, attributes: string, content: string, { blanks }: UccxVariants): string {
  const end = blanks === 'none' ? '' : '\r\n\t';
  return content === '' ? `<${name}${attributes}/>${end}` : `<${name}${attributes}>${content}</${name}>${end}`;
}

function text(content: string, variants: UccxVariants): string {
  const safe = escaped(content, variants);
  return variants.blanks === 'inside' && safe !== '' ? `\r\n   ${safe}  ` : safe;
}

function escaped(content: string, { letters }: UccxVariants): string {
  const safe = content.replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
  return letters === 'plain' ? safe : safe.replace(/[^ -~]/gu, (letter) => `&#${letter.codePointAt(0)};`);
}

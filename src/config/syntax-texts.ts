// What is wrong with the YAML, in words for the person who wrote it. yaml's own messages are not used:
// they quote the text they stumble over, and that text may be a secret written without quotes.

import type { ErrorCode } from 'yaml';

export const syntaxTexts: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (`*name`) cannot have a tag or an anchor',
  BAD_ALIAS:
    'an alias (`*name`) must name an anchor (`&name`) that stands before it; text that starts with * must be in quotes',
  BAD_DIRECTIVE: 'a line that starts with % is a YAML directive; text that starts with % must be in quotes',
  BAD_DQ_ESCAPE:
    'unknown escape after a backslash in double quotes; use single quotes to write backslashes as they are',
  BAD_INDENT: 'the indentation does not fit the lines around it, or a list in [ ] or { } is not closed',
  BAD_PROP_ORDER: 'tag and anchor must stand before the value',
  BAD_SCALAR_START: 'text that starts with this character must be in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a list or a section cannot stand in the line of its key; put it into the next line, indented',
  BLOCK_IN_FLOW: 'an indented section cannot stand inside [ ] or { }',
  DUPLICATE_KEY: 'this key is given twice',
  IMPOSSIBLE: 'is not valid YAML here',
  KEY_OVER_1024_CHARS: 'a key cannot be longer than 1024 characters; is a colon or a quote missing?',
  MISSING_CHAR:
    'a character is missing: a closing quote or bracket, a comma, a space after a colon, or the colon itself',
  MULTILINE_IMPLICIT_KEY: 'a key must stand in one line; is a colon or a quote missing in the line before?',
  MULTIPLE_ANCHORS: 'a value can have one anchor only',
  MULTIPLE_DOCS: 'the file must hold one document; remove the line with ---',
  MULTIPLE_TAGS: 'a value can have one tag only',
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
  TAG_RESOLVE_FAILED: 'tags (`!name`) are not used in this file; text that starts with ! must be in quotes',
  UNEXPECTED_TOKEN: 'this cannot stand here; text with special characters must be in quotes',
  BAD_COLLECTION_TYPE: 'the tag does not fit the value',
};

/** For a key that cannot be used as one. */
export function foreignKeyText(key: unknown): string {
  if (key === '<<') return 'merge keys (<<) are not used in this file; write the keys out';
  return key === '__proto__' ? 'a key cannot have this name' : 'a key must be text';
}

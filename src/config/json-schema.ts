// config/rosterd.schema.json: what editors check and complete the file with. Made from the same zod schemas that load it.

import { z } from 'zod';
import type { ConnectorType } from './connector-type.ts';
import { targetSchemas } from './schema-daemon.ts';
import { fileSchema } from './schema-file.ts';
import { sourceSchema } from './schema-source.ts';
import { secretSchema } from './schema-values.ts';

type JsonSchema = z.core.JSONSchema.JSONSchema;

/** In the file a connector's secret is a reference, though its own schema takes the resolved text and marks it `secret`. */
function replaceSecret(jsonSchema: Record<string, unknown>): void {
  const { $schema: _, ...reference } = z.toJSONSchema(secretSchema, { io: 'input' });
  for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
  Object.assign(jsonSchema, reference);
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const entries = jsonSchema as Record<string, unknown>;
      if (entries['secret'] === true) replaceSecret(entries);
      // The connectors' mark for names of files; editors know no such keyword.
      if (entries['file'] === true) delete entries['file'];
    },
  });
  return json;
}

/** One kind of source: the shared keys and those of its connector side by side. */
function sourceOf(type: ConnectorType, shared: JsonSchema): JsonSchema {
  const settings = toJsonSchema(type.settingsSchema);
  const own = settings.properties ?? Object.fromEntries(type.settingKeys.map((key) => [key, {}]));
  return {
    type: 'object',
    properties: { ...shared.properties, type: { const: type.type, description: 'Kind of source.' }, ...own },
    required: [...(shared.required ?? []), ...(settings.required ?? [])],
    additionalProperties: false,
  };
}

const maxLineLength = 120;

/** JSON as the formatter of this repository writes it: lists of plain values in one line where they fit. `used` characters stand before. */
function prettyJson(value: unknown, indent = '', used = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const inOneLine = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
    const isPlain = value.every((item) => typeof item !== 'object' || item === null);
    // One more for the comma that may follow.
    if (isPlain && used + inOneLine.length < maxLineLength) return inOneLine;
    return `[\n${value.map((item) => inner + prettyJson(item, inner, inner.length)).join(',\n')}\n${indent}]`;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, item]) => {
    const start = `${inner}${JSON.stringify(key)}: `;
    return start + prettyJson(item, inner, start.length);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

/** Text of the JSON Schema (draft 2020-12) of the whole file, for these types of sources. */
export function configJsonSchema(types: readonly ConnectorType[]): string {
  const file = toJsonSchema(fileSchema);
  const shared = toJsonSchema(sourceSchema);
  const items = types.map((type) => sourceOf(type, shared));
  const sources: JsonSchema = {
    type: 'array',
    minItems: 1,
    items: items.length === 1 && items[0] !== undefined ? items[0] : { anyOf: items },
    description: 'What rosterd reads, in order of precedence.',
  };
  const notify: JsonSchema = {
    type: 'array',
    items: { anyOf: Object.values(targetSchemas).map(toJsonSchema) },
    description: 'Who is told when something needs a person. Default: nobody.',
  };
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'rosterd configuration',
    ...file,
    properties: { ...file.properties, notify, sources },
    $defs: { ...file.$defs, ...shared.$defs },
  };
  return `${prettyJson(schema)}\n`;
}

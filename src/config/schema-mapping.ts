// How the file says from which attributes the fields of a user come.

import { z } from 'zod';
import {
  type CorrelationKey,
  correlationKeys,
  type MappingRule,
  type RoleMappingRule,
  type Transform,
} from '../model/policy.ts';
import { fieldNames } from '../model/user.ts';
import { textSchema, uniqueList } from './schema-values.ts';

const transforms = ['lower', 'upper', 'local-part', 'digits'] as const satisfies readonly Transform[];
const holePattern = /\{([^{}]*)\}/gu;

/** The attributes in the holes of a template, each once; undefined when braces do not pair or a hole is empty. */
export function attributesOfTemplate(template: string): readonly string[] | undefined {
  const holes = [...template.matchAll(holePattern)].map((match) => (match[1] ?? '').trim());
  if (/[{}]/u.test(template.replace(holePattern, '')) || holes.includes('')) return undefined;
  return [...new Set(holes)];
}

const templateSchema = textSchema.superRefine((template, context) => {
  const attributes = attributesOfTemplate(template);
  if (attributes === undefined)
    context.addIssue({ code: 'custom', message: 'must have attribute names in braces, like "{givenName} {sn}"' });
  else if (attributes.length === 0)
    context.addIssue({ code: 'custom', message: 'names no attribute in braces; use constant for fixed text' });
});

const attributeListSchema = uniqueList(textSchema).min(1, { error: 'must name at least one attribute' });

const longFormSchema = z
  .strictObject({
    attribute: z
      .union([textSchema, attributeListSchema])
      .optional()
      .describe('Attribute, or several: the first that has a value wins.'),
    template: templateSchema.optional().describe('Text with attribute names in braces: "{givenName} {sn}".'),
    constant: textSchema.optional().describe('The same text for every account.'),
    transform: z.enum(transforms).optional().describe('lower, upper, local-part (before the @) or digits.'),
  })
  .superRefine((rule, context) => {
    const forms = [rule.attribute, rule.template, rule.constant].filter((form) => form !== undefined);
    if (forms.length !== 1)
      context.addIssue({ code: 'custom', message: 'must have exactly one of attribute, template and constant' });
    if (rule.constant !== undefined && rule.transform !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['transform'],
        message: 'does nothing to a constant; write the constant as it should be',
      });
    }
  });

type LongForm = z.output<typeof longFormSchema>;

function compileRule(rule: string | readonly string[] | LongForm): MappingRule {
  if (typeof rule === 'string') return { kind: 'first', attributes: [rule] };
  if ('length' in rule) return { kind: 'first', attributes: rule };
  const transform = rule.transform === undefined ? {} : { transform: rule.transform };
  if (rule.constant !== undefined) return { kind: 'constant', value: rule.constant };
  if (rule.template !== undefined) {
    return {
      kind: 'template',
      template: rule.template,
      attributes: attributesOfTemplate(rule.template) ?? [],
      ...transform,
    };
  }
  return { kind: 'first', attributes: [rule.attribute ?? []].flat(), ...transform };
}

/** One line of a mapping; `null` switches off what the connector maps by default. */
const ruleSchema = z
  .union([textSchema, attributeListSchema, longFormSchema, z.null()])
  .transform((rule) => (rule === null ? null : compileRule(rule)))
  .meta({ id: 'MappingRule' });

export const fieldMappingSchema = z.strictObject(
  Object.fromEntries(fieldNames.map((field) => [field, ruleSchema.optional()])) as Record<
    (typeof fieldNames)[number],
    z.ZodOptional<typeof ruleSchema>
  >,
);

/** The same for what users are found by; null: accounts of this source are not found by it at all. */
export const matchKeysSchema = z.strictObject(
  Object.fromEntries(correlationKeys.map((key) => [key, ruleSchema.optional()])) as Record<
    CorrelationKey,
    z.ZodOptional<typeof ruleSchema>
  >,
);

export const attributeMappingSchema = z.record(
  textSchema.max(64, { error: 'is longer than 64 characters' }),
  ruleSchema,
);

const roleRuleSchema = z
  .strictObject({
    group: textSchema.optional().describe('Members of this group, nested ones too.'),
    by: z.enum(['name', 'dn', 'id']).optional().describe('What `group` is; default: name.'),
    attribute: textSchema.optional().describe('Accounts whose attribute has the value of `equals`.'),
    equals: textSchema.optional(),
    roles: uniqueList(textSchema)
      .min(1, { error: 'must name at least one role' })
      .describe('Composite roles of the catalogue.'),
  })
  .superRefine((rule, context) => {
    const complain = (message: string): void => context.addIssue({ code: 'custom', message });
    if ((rule.group === undefined) === (rule.attribute === undefined))
      complain('must have exactly one of group and attribute');
    else if (rule.group === undefined && rule.equals === undefined)
      complain('must say with equals which value of the attribute is meant');
    else if (rule.group !== undefined && rule.equals !== undefined)
      complain('equals belongs to attribute, not to group');
    else if (rule.attribute !== undefined && rule.by !== undefined) complain('by belongs to group, not to attribute');
  })
  .transform(
    (rule): RoleMappingRule =>
      rule.group === undefined
        ? { kind: 'attribute', attribute: rule.attribute ?? '', equals: rule.equals ?? '', roles: rule.roles }
        : { kind: 'group', group: rule.group, by: rule.by ?? 'name', roles: rule.roles },
  );

export const roleMappingSchema = z.array(roleRuleSchema);

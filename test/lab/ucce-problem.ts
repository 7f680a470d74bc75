// How the simulated UCCE says no (cisco-apis 2.6): a status and an apiErrors document, or one of the other bodies that real
// servers send. Where a type is not documented it is marked so: a client must not depend on it.
import { type Fields, fields, writeJson, writeXml } from './ucce-document.ts';
import type { UcceVariants } from './ucce-variants.ts';

export interface Problem {
  readonly status: number;
  readonly errorType?: string;
  readonly errorMessage: string;
  /** The field or parameter. */
  readonly errorData?: string;
  readonly errorDetail?: Fields;
}

export const isProblem = (value: object): value is Problem => 'errorMessage' in value && 'status' in value;

export const unknownId: Problem = {
  status: 404,
  errorType: 'notFound.dbData',
  errorMessage: 'The specified ID does not exist in the database.',
};

export function outOfRange(parameter: string, min: number, max: number | undefined): Problem {
  return {
    status: 400,
    errorType: 'invalidInput.outOfRange',
    errorData: parameter,
    errorMessage: `This field must contain a value from ${min} to ${max ?? 'the number of results'}`,
    errorDetail: fields(['min', min], ['max', max]),
  };
}

/** Not documented: whether a real server refuses a parameter that it does not know, or overlooks it. */
export function badParameter(parameter: string, errorMessage: string): Problem {
  return { status: 400, errorType: 'invalidInput.badParameter', errorData: parameter, errorMessage };
}

const html = (text: string): string =>
  `<!doctype html><html lang="en"><head><title>${text}</title></head><body><h1>${text}</h1></body></html>`;

/** A problem without a type has no apiErrors document: it comes from the container in front of the application. */
export function problemBody(
  problem: Problem,
  format: 'xml' | 'json',
  variants: UcceVariants,
): { readonly contentType?: string; readonly body: string } {
  const kind = variants.errorBody === 'api-errors' && problem.errorType === undefined ? 'empty' : variants.errorBody;
  if (kind === 'empty') return { body: '' };
  if (kind === 'text') return { contentType: 'text/plain;charset=UTF-8', body: problem.errorMessage };
  if (kind === 'html') return { contentType: 'text/html;charset=UTF-8', body: html(`Status ${problem.status}`) };
  const { errorData, errorDetail, errorMessage, errorType } = problem;
  const error = fields(
    ['errorData', errorData],
    ['errorDetail', errorDetail],
    ['errorMessage', errorMessage],
    ['errorType', errorType],
  );
  if (format === 'json')
    return { contentType: 'application/json', body: `{"apiError":[${writeJson(error, variants)}]}` };
  return { contentType: 'application/xml', body: writeXml('apiErrors', fields(['apiError', error]), variants) };
}

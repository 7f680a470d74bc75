// Asks the pure part of the simulated UCCE a question, and reads what it answers by name; for the tests of the simulator.
import type { SimAnswer } from './http-simulator.ts';
import { answerUcce } from './ucce-answer.ts';
import { type UcceLogin, type UcceState, ucceLogin } from './ucce-state.ts';

export type Question = {
  readonly as?: UcceLogin;
  readonly accept?: string;
  readonly method?: string;
  /** `nobody`: the frame found no login. */
  readonly user?: string | 'nobody';
};
export type Answered = SimAnswer & {
  /** Texts of all elements of that name. */
  readonly all: (element: string) => readonly string[];
  readonly one: (element: string) => string | undefined;
  readonly ids: readonly number[];
};

/** `what`: below /unifiedconfig/config/, as it would be written in a URL. */
export function askUcce(state: UcceState, what: string, question: Question = {}): Answered {
  const [path = '', query = ''] = what.split('?');
  const login = question.as ?? ucceLogin;
  const answer = answerUcce(state, {
    method: question.method ?? 'GET',
    path: `/unifiedconfig/config/${path}`,
    query: new URLSearchParams(query),
    accept: question.accept ?? 'application/xml',
    user: question.user === 'nobody' ? undefined : (question.user ?? login.user),
  });
  const { body } = answer;
  const all = (element: string): readonly string[] =>
    [...body.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, 'g'))].map(([, text]) => text ?? '');
  const starts = body.matchAll(
    /<(?:agent|agentTeam|skillGroup|attribute|department)(?: [^>]*)?><refURL>[^<]*?(\d+)<\/refURL><changeStamp>/g,
  );
  return { ...answer, all, one: (element) => all(element)[0], ids: [...starts].map(([, id]) => Number(id)) };
}

// How much of the configuration a login sees, by what the list itself says of it.
// Invariant: a view that is narrower than everything, or of which nobody can tell how wide it is, never counts as complete.

import { child, type XmlElement } from '../xml-document.ts';
import { valueIn } from './reference.ts';
import type { UcceSettings } from './settings.ts';

export interface View {
  readonly role: string | undefined;
  /** `unreadable`: neither true nor false. */
  readonly departmentAdmin: 'yes' | 'no' | 'unreadable';
  /** Whether the login may change agents; undefined where the server does not say. */
  readonly mayChange: boolean | undefined;
}

/** `none`: the answer has no permissionInfo. */
export function viewOf(results: XmlElement): View | 'none' {
  const info = child(results, 'permissionInfo');
  if (info === undefined) return 'none';
  const rights = ['canCreate', 'canUpdate', 'canDelete'].map((name) => valueIn(info, name)?.toLowerCase());
  return {
    role: valueIn(info, 'role'),
    departmentAdmin: departmentAdminOf(valueIn(info, 'departmentAdmin')?.toLowerCase()),
    mayChange: rights.includes('true') ? true : rights.every((right) => right === undefined) ? undefined : false,
  };
}

function departmentAdminOf(text: string | undefined): View['departmentAdmin'] {
  if (text === 'true' || text === '1') return 'yes';
  return text === undefined || text === 'false' || text === '0' ? 'no' : 'unreadable';
}

/** Why this view is not everything, and what to do; undefined when it is, or when the witnesses will tell. */
export function narrownessOf(
  view: View | 'none',
  { connection, ignoreRole, witnesses }: UcceSettings,
): string | undefined {
  const { user } = connection.login;
  if (view !== 'none' && view.departmentAdmin === 'unreadable') {
    return `the server does not say readably whether ${user} administers single departments, so nobody knows whether these agents are all; log in with an administrator that has no department`;
  }
  if (view === 'none' || view.role === undefined) {
    // Left out only for types that cannot be changed (cisco-apis.md 2.2), and agents can be: so this is not the answer of a full view.
    return witnesses.length > 0
      ? undefined
      : `the server does not say with which role it shows the agents to ${user}, so nobody knows whether these are all; log in with an administrator that has no department, or name agents of several teams under witnesses`;
  }
  if (view.departmentAdmin === 'yes') {
    return `${user} administers single departments and sees the agents of those only; log in with an administrator that has no department`;
  }
  if (isSupervisor(view) && !ignoreRole) {
    return `${user} is a supervisor and sees the agents of its own teams only; log in with an administrator that has no department, or set ignoreRole: true and name witnesses`;
  }
  if (isSupervisor(view) && witnesses.length === 0) {
    // PCCE does not know ignoreRole, and states the total of what it shows (cisco-apis.md 2.1).
    return `${user} is a supervisor, and only a server that heeds ignoreRole shows it the agents of other teams; name some of those under witnesses, or log in with an administrator that has no department`;
  }
  // Agents have no access at all (cisco-apis.md 2.1).
  return /^agent$/iu.test(view.role)
    ? `${user} is an agent, and nobody knows what the server shows to agents; log in with an administrator that has no department`
    : undefined;
}

/** The role of that name; SupervisorAdmin, say, is one that somebody made for administrators. */
export const isSupervisor = ({ role }: View): boolean => /\bsupervisor\b/iu.test(role ?? '');

/** Whether a question by id reaches as far as the list: the limit to own teams holds there whatever ignoreRole says. */
export const isWideById = (view: View | 'none' | undefined, { ignoreRole }: UcceSettings): boolean =>
  view === undefined
    ? !ignoreRole
    : view !== 'none' && view.role !== undefined && view.departmentAdmin === 'no' && !isSupervisor(view);

export const isSameView = (one: View | 'none', other: View | 'none'): boolean =>
  one === 'none' || other === 'none'
    ? one === other
    : one.role === other.role && one.departmentAdmin === other.departmentAdmin;

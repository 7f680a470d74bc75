// How much of the configuration a login sees, by what the list itself says of it.
// Invariant: a view that is narrower than everything, or of which nobody can tell how wide it is, never counts as complete.

import { child, type XmlElement } from '../xml-document.ts';
import { valueIn } from './reference.ts';
import type { UcceSettings } from './settings.ts';

export interface View {
  readonly role: string | undefined;
  readonly isDepartmentAdmin: boolean;
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
    isDepartmentAdmin: ['true', '1'].includes(valueIn(info, 'departmentAdmin')?.toLowerCase() ?? ''),
    mayChange: rights.includes('true') ? true : rights.every((right) => right === undefined) ? undefined : false,
  };
}

/** Why this view is not everything, and what to do; undefined when it is. */
export function narrownessOf(view: View | 'none', { connection, ignoreRole }: UcceSettings): string | undefined {
  const { user } = connection.login;
  if (view === 'none' || view.role === undefined) {
    // Left out only for types that cannot be changed (cisco-apis.md 2.2), and agents can be: so this is not the answer of a full view.
    return `the server does not say with which role it shows the agents to ${user}, so nobody knows whether these are all; log in with an administrator that has no department`;
  }
  if (view.isDepartmentAdmin) {
    return `${user} administers single departments and sees the agents of those only; log in with an administrator that has no department`;
  }
  if (isSupervisor(view) && !ignoreRole) {
    return `${user} is a supervisor and sees the agents of its own teams only; log in with an administrator that has no department, or set ignoreRole: true`;
  }
  return undefined;
}

export const isSupervisor = ({ role }: View): boolean => /supervisor/iu.test(role ?? '');

export const isSameView = (one: View | 'none', other: View | 'none'): boolean =>
  one === 'none' || other === 'none'
    ? one === other
    : one.role === other.role && one.isDepartmentAdmin === other.isDepartmentAdmin;

// What happens in the source itself, step by step.

import type { DirectoryContent, Group, Person } from './directory.ts';
import { leadsName } from './directory.ts';
import { hasSupervisors } from './office.ts';
import type { SourceAct } from './steps.ts';

const pickOf = <Item>(items: readonly Item[], pick: number): Item | undefined =>
  items[pick % Math.max(1, items.length)];

/** False when the step found nothing to do. */
/** `others`: whose people may get an account here too. */
export function takeSourceStep(
  content: DirectoryContent,
  step: SourceAct,
  now: number,
  others: readonly DirectoryContent[],
): boolean {
  switch (step.do) {
    case 'hire':
      return hire(content, step, others);
    case 'add-group':
      content.addGroup();
      return true;
    case 'narrow':
    case 'widen':
      content.isNarrow = step.do === 'narrow';
      return true;
    case 'delete-group':
    case 'rename-group':
    case 'nest':
    case 'unnest':
      return changeGroup(content, step);
    case 'many-leave':
    case 'many-disabled': {
      const there = [...content.people.values()].filter((one) => one.place === 'there');
      const from = step.from % Math.max(1, there.length);
      for (const one of there.slice(from, from + step.count)) {
        if (step.do === 'many-leave') content.leave(one);
        else one.isEnabled = false;
      }
      return there.length > 0;
    }
    case 'return': {
      const away = pickOf(
        [...content.people.values()].filter((one) => one.place !== 'there'),
        step.who,
      );
      if (away === undefined || content.isLoginTaken(away.login, away.id)) return false;
      away.place = 'there';
      return true;
    }
    default: {
      const person = pickOf(
        [...content.people.values()].filter((one) => one.place !== 'gone'),
        step.who,
      );
      return person !== undefined && changePerson(content, person, step, now);
    }
  }
}

function hire(
  content: DirectoryContent,
  step: Extract<SourceAct, { do: 'hire' }>,
  others: readonly DirectoryContent[],
): boolean {
  const people = [content, ...others].flatMap((one) => [...one.people.values()]);
  const namesake = step.as === undefined ? undefined : pickOf(people, step.as);
  const isFree = namesake !== undefined && !content.isLoginTaken(namesake.login);
  const sharing = step.mailOf === undefined ? undefined : pickOf(people, step.mailOf);
  const person = content.hire(isFree ? namesake.login : undefined, sharing?.mail);
  if (step.group !== undefined) pickOf([...content.groups.values()], step.group)?.members.add(person.id);
  return true;
}

type NestStep = Extract<SourceAct, { do: 'nest' | 'unnest' }>;
type GroupStep = NestStep | Extract<SourceAct, { do: 'delete-group' | 'rename-group' }>;

function changeGroup(content: DirectoryContent, step: GroupStep): boolean {
  const groups = [...content.groups.values()];
  // The group that gives a role keeps its name, or the role would go by a rename and not by a membership.
  const own =
    step.do === 'rename-group' || step.do === 'delete-group' ? groups.filter(({ name }) => name !== leadsName) : groups;
  const group = pickOf(own, step.group);
  if (group === undefined) return false;
  if (step.do === 'nest' || step.do === 'unnest') return nest(groups, group, step);
  if (step.do === 'delete-group') content.deleteGroup(group);
  else group.name = `Team ${content.freshName()}`;
  return true;
}

function nest(groups: readonly Group[], group: Group, step: NestStep): boolean {
  const outer = pickOf(groups, step.below);
  if (outer === undefined || outer === group) return false;
  if (step.do === 'nest') outer.members.add(group.id);
  else return outer.members.delete(group.id);
  return true;
}

type PersonStep = Exclude<
  SourceAct,
  GroupStep | { do: 'hire' | 'add-group' | 'narrow' | 'widen' | 'many-leave' | 'many-disabled' }
>;

function changePerson(content: DirectoryContent, person: Person, step: PersonStep, now: number): boolean {
  const people = [...content.people.values()];
  switch (step.do) {
    case 'leave':
      content.leave(person);
      break;
    case 'hide':
      person.place = 'hidden';
      break;
    case 'rename': {
      const other = step.to === undefined ? undefined : pickOf(people, step.to);
      const login = other === undefined ? content.freshName() : other.login;
      if (content.isLoginTaken(login, person.id)) return false;
      person.login = login;
      break;
    }
    case 'swap-names': {
      const other = pickOf(
        people.filter((one) => one.place !== 'gone'),
        step.with,
      );
      if (other === undefined || other === person) return false;
      [person.login, other.login] = [other.login, person.login];
      content.noteNames(other);
      break;
    }
    case 'mail':
      person.mail =
        step.to === 'none' ? undefined : step.to === 'own' ? `${person.id}@office.test` : pickOf(people, step.to)?.mail;
      break;
    case 'title':
    case 'extension':
      person[step.do] = step.to ?? undefined;
      break;
    case 'enable':
    case 'disable':
      person.isEnabled = step.do === 'enable';
      break;
    case 'expire':
      person.expiresAt = step.inMs === null ? undefined : now + step.inMs;
      break;
    case 'join':
    case 'quit': {
      const isIn = step.do === 'quit';
      const groups = [...content.groups.values()].filter(({ members }) => members.has(person.id) === isIn);
      const group = pickOf(groups, step.group);
      if (group === undefined) return false;
      if (step.do === 'join') group.members.add(person.id);
      else group.members.delete(person.id);
      break;
    }
    case 'supervise':
    case 'retire': {
      const group = pickOf([...content.groups.values()], step.group);
      if (group === undefined || !hasSupervisors(content.source)) return false;
      if (step.do === 'supervise') group.supervisors.add(person.id);
      else return group.supervisors.delete(person.id);
      break;
    }
    default:
      return false;
  }
  content.noteNames(person);
  return true;
}

// The shared staff in a directory: the contact centre of the same people, without those who are not to be there.
import { type CiscoStaff, staffDomain } from './cisco-staff.ts';
import { type ContactCentre, plantContactCentre } from './contact-centre.ts';
import type { Directory } from './directory.ts';

/** Principal names are in the domain of the staff; whoever the contact centre disables or lets expire is so here too. */
export async function plantStaff(directory: Directory, staff: CiscoStaff): Promise<ContactCentre> {
  const centre = await plantContactCentre(directory, {
    people: staff.people.length,
    ...(staff.seed === undefined ? {} : { seed: staff.seed }),
    upnSuffix: staffDomain,
  });
  const absent = new Set(staff.notInDirectory.map(({ index }) => index));
  for (const { dn, person } of centre.people) if (absent.has(person.index)) await directory.delete(dn);
  return { ...centre, people: centre.people.filter(({ person }) => !absent.has(person.index)) };
}

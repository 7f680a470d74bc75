// The reason why there is a guard: a slip in the configuration that would take out half the contact centre.

import { countEnabled, expectNothingToDo } from './demo-story-answers.ts';
import type { Stage } from './demo-story-stage.ts';

export async function theMistake(stage: Stage): Promise<void> {
  stage.chapter('10. A mistake');
  stage.act(
    'In rosterd.yaml: somebody adds a filter, "filter: (department=Customer Care)", and forgets the other departments.',
  );
  const enabled = await countEnabled(stage);
  stage.configure({ filter: '(department=Customer Care)' });
  stage.say(
    'To the filter, most people are gone. A sync without a brake would disable them all within seconds. rosterd holds what is dangerous, says why, and ends with exit code 3.',
  );
  await stage.run(['sync', 'ad-hq'], { exit: 3, lines: [4, 8] });
  const still = await countEnabled(stage);
  stage.expect(still === enabled, `${enabled - still} users were disabled`);
  stage.say(
    `All ${enabled} enabled users can still work. Had this been meant, "run approve" would release exactly these changes.`,
  );
  stage.act('In rosterd.yaml: the filter is taken out again.');
  stage.configure({});
  stage.say('Nothing has to be repaired: the next run finds everybody where they were, and what was held is gone.');
  expectNothingToDo(stage, await stage.run(['sync']), 3);
  const after = await countEnabled(stage);
  stage.expect(after === enabled, `${enabled - after} users are disabled after all`);
}

// Every form in which UCCX has answered, or may (cisco-apis.md 1.8), reads the same; what is no whole list of the right kind is no list.
import { describe, expect, it } from 'vitest';
import { collectionOf, errorIn, itemOf, resources, teams } from '../../connectors/uccx/document.ts';
import { decodeLists } from '../../connectors/uccx/lists.ts';
import type { SourceAccount } from '../../src/model/account.ts';
import { RosterdError } from '../../src/model/errors.ts';
import { answer, host } from './uccx-fixture.ts';

const agent = (more: object = {}) => ({
  self: `${host}/adminapi/resource/mhorvat`,
  userID: 'MHorvat',
  firstName: 'Zoé',
  lastName: 'Horvat',
  extension: '40011',
  alias: '',
  resourceGroup: { '@name': 'Front Office', refURL: `${host}/adminapi/resourceGroup/7` },
  skillMap: {
    skillCompetency: [
      {
        competencelevel: 8,
        skillNameUriPair: { '@name': 'SK_Billing', refURL: `${host}/adminapi/skill/37` },
      },
    ],
  },
  autoAvailable: true,
  type: 2,
  team: { '@name': 'Billing', refURL: `${host}/adminapi/team/6` },
  primarySupervisorOf: { supervisorOfTeamName: [{ '@name': 'Billing', refURL: `${host}/adminapi/team/6` }] },
  secondarySupervisorOf: {},
  ...more,
});

const json = (item: object): string => JSON.stringify({ '@type': 'resourceXMLList', resource: [item] });

const plainXml = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><resources><resource><self>${host}/adminapi/resource/mhorvat</self><userID>MHorvat</userID><firstName>Zoé</firstName><lastName>Horvat</lastName><extension>40011</extension><alias/><resourceGroup name="Front Office"><refURL>${host}/adminapi/resourceGroup/7</refURL></resourceGroup><skillMap><skillCompetency><competencelevel>8</competencelevel><skillNameUriPair name="SK_Billing"><refURL>${host}/adminapi/skill/37</refURL></skillNameUriPair></skillCompetency></skillMap><autoAvailable>true</autoAvailable><type>2</type><team name="Billing"><refURL>${host}/adminapi/team/6</refURL></team><primarySupervisorOf><supervisorOfTeamName name="Billing"><refURL>${host}/adminapi/team/6</refURL></supervisorOfTeamName></primarySupervisorOf><secondarySupervisorOf/></resource></resources>`;

const usual: SourceAccount = {
  id: 'mhorvat' as SourceAccount['id'],
  name: 'MHorvat',
  status: 'unknown',
  attributes: {
    userid: ['MHorvat'],
    firstname: ['Zoé'],
    lastname: ['Horvat'],
    extension: ['40011'],
    alias: [],
    type: ['2'],
    supervisor: ['true'],
    team: ['Billing'],
    teamid: ['6'],
    resourcegroup: ['Front Office'],
    autoavailable: ['true'],
    skills: ['SK_Billing'],
    skilllevels: ['SK_Billing=8'],
  },
  unread: [],
};

const read = (text: string) => decodeLists(collectionOf(answer(text), resources), undefined, { account: [] }).readings;

const variants: readonly (readonly [name: string, text: string])[] = [
  ['XML', plainXml],
  ['XML with a byte order mark and without a declaration', `\ufeff${plainXml.replace(/^<\?xml[^>]*>/u, '')}`],
  ['XML with tabs, CRLF and blanks inside of texts', plainXml.replace(/>([^<>]+)</gu, '>\r\n\t $1 \r\n<')],
  ['XML with references for letters', plainXml.replace('Zoé', 'Zo&#xE9;')],
  ['XML with decomposed letters', plainXml.replace('Zoé', 'Zoe\u0301')],
  ['XML with a namespace', plainXml.replace('<resources>', '<resources xmlns="urn:x">')],
  ['XML with prefixes', plainXml.replace(/<(\/?)([a-zA-Z]+)(?=[ />])/gu, '<$1ns:$2')],
  ['XML without an alias', plainXml.replace('<alias/>', '')],
  ['XML with an alias of blanks', plainXml.replace('<alias/>', '<alias>  </alias>')],
  ['XML with unknown elements', plainXml.replace('<alias/>', '<csqMap><csq name="x"/></csqMap><lastReSkillDetails/>')],
  ['XML with the other case', plainXml.replaceAll('resource>', 'Resource>')],
  ['JSON', json(agent())],
  ['JSON that says which kind of list it is not', JSON.stringify({ resource: [agent()] })],
  ['JSON with a single object for an array', JSON.stringify({ '@type': 'resourceXMLList', resource: agent() })],
  ['JSON that kept its root', JSON.stringify({ resources: { resource: [agent()] } })],
  ['JSON of the bare array', JSON.stringify([agent()])],
  ['JSON with blanks in front', `\r\n  ${json(agent())}`],
  ['JSON without an alias', json(agent({ alias: undefined }))],
  ['JSON with null for an alias', json(agent({ alias: null }))],
  ['JSON with numbers and booleans as texts', json(agent({ type: '2', autoAvailable: 'TRUE' }))],
  ['JSON with texts as numbers', json(agent({ extension: 40_011 }))],
  ['JSON with name for @name', json(agent()).replaceAll('@name', 'name')],
  [
    'JSON with attributes under $',
    json(agent({ team: { $: { name: 'Billing' }, refURL: `${host}/adminapi/team/6` } })),
  ],
  ['JSON with a null container', json(agent({ secondarySupervisorOf: null }))],
  ['JSON with an empty text for a container', json(agent({ secondarySupervisorOf: '' }))],
  ['JSON with an empty array in a container', json(agent({ secondarySupervisorOf: { supervisorOfTeamName: [] } }))],
  ['JSON without a container', json(agent({ secondarySupervisorOf: undefined }))],
  [
    'JSON with an object for an array of one',
    json(agent({ primarySupervisorOf: { supervisorOfTeamName: { name: 'Billing', refURL: '/adminapi/team/6' } } })),
  ],
];

describe('resource of UCCX', () => {
  it.each(variants)('reads the same from %s', (_name, text) => {
    const [reading, ...others] = read(text);
    expect(others).toEqual([]);
    expect(reading?.rejected).toBeUndefined();
    expect(reading?.account).toEqual(usual);
    expect(reading?.team).toMatchObject({ id: '6' });
    expect(reading?.supervises).toMatchObject([{ id: '6', name: 'Billing' }]);
  });

  const without = (...names: readonly string[]): string =>
    json(agent(Object.fromEntries(names.map((name) => [name, undefined]))));

  it('clears what may be missing, and never calls it unread', () => {
    const optional = ['firstName', 'lastName', 'extension', 'alias', 'resourceGroup', 'skillMap', 'autoAvailable'];
    const [reading] = read(without(...optional));
    expect(reading?.account).toMatchObject({ unread: [] });
    for (const name of ['firstname', 'extension', 'alias', 'resourcegroup', 'skills', 'skilllevels'])
      expect(reading?.account?.attributes[name], name).toEqual([]);
  });

  it.each<[string, object]>([
    ['is missing', { team: undefined }],
    ['is null', { team: null }],
    ['is blank', { team: '  ' }],
  ])('does not know the team when it %s', (_how, change) => {
    const [reading] = read(json(agent(change)));
    expect(reading?.account?.unread).toEqual(['team', 'teamid']);
    expect(reading?.account?.attributes).not.toHaveProperty('team');
  });

  it('does not know whether somebody is a supervisor when the type is missing', () => {
    const account = read(without('type'))[0]?.account;
    expect(account?.unread).toEqual(['type', 'supervisor']);
    expect(account?.attributes).not.toHaveProperty('supervisor');
  });

  it('keeps the skills as they were when one of them has no name', () => {
    const account = read(json(agent({ skillMap: { skillCompetency: [{ competencelevel: 3 }] } })))[0]?.account;
    expect(account?.unread).toEqual(['skills', 'skilllevels']);
  });

  it('keeps skills in the order of the source', () => {
    const skill = (name: string, level: number) => ({ competencelevel: level, skillNameUriPair: { '@name': name } });
    const skillMap = { skillCompetency: [skill('Zulu', 1), skill('Alpha', 10)] };
    expect(read(json(agent({ skillMap })))[0]?.account?.attributes).toMatchObject({
      skills: ['Zulu', 'Alpha'],
      skilllevels: ['Zulu=1', 'Alpha=10'],
    });
  });

  it('names attributes that the mapping asks for and UCCX does not have as unread', () => {
    const wanted = { account: ['Extension', 'mail', 'Mail'] };
    const { readings } = decodeLists(collectionOf(answer(plainXml), resources), undefined, wanted);
    expect(readings[0]?.account?.unread).toEqual(['mail']);
  });

  it.each<[string, object, string]>([
    ['has a type that nobody knows', { type: 7 }, 'neither 1 (agent) nor 2 (supervisor)'],
    ['has two names', { lastName: ['A', 'B'] }, 'lastName more than once'],
    ['has a name that is no text', { firstName: { first: 'A' } }, 'firstName is no text'],
    ['has a team without a refURL', { team: { '@name': 'Billing' } }, 'its team cannot be told'],
    ['has a team that is none', { team: { refURL: `${host}/adminapi/csq/6` } }, 'its team cannot be told'],
  ])('is rejected with its id when it %s', (_what, change, because) => {
    const [reading] = read(json(agent(change)));
    expect(reading?.account).toBeUndefined();
    expect(reading?.rejected).toMatchObject({ kind: 'account', id: 'mhorvat', label: 'MHorvat' });
    expect(reading?.rejected?.because).toContain(because);
  });

  it.each<[string, object]>([
    ['no userID', { userID: undefined }],
    ['an empty userID', { userID: ' ' }],
    ['null for a userID', { userID: null }],
  ])('is rejected without an id when it has %s', (_what, change) => {
    const [reading] = read(json(agent(change)));
    expect(reading?.rejected).not.toHaveProperty('id');
    expect(reading?.rejected?.label).toContain('mhorvat');
  });
});

describe('list of UCCX', () => {
  const outcomeOf = (text: string, listing = resources): string => {
    try {
      const { items, doubts } = collectionOf(answer(text), listing);
      return `${items.length} ${doubts.length === 0 ? 'complete' : 'doubtful'}`;
    } catch (error) {
      if (!(error instanceof RosterdError)) throw error;
      return error.code;
    }
  };

  it.each([
    ['<resources/>', '0 complete'],
    ['<resources></resources>', '0 complete'],
    ['<resources><resource/></resources>', '1 complete'],
    ['{"@type":"resourceXMLList","resource":[]}', '0 complete'],
    ['{"@type":"resourceXMLList","resource":null}', '0 complete'],
    ['{"@type":"resourceXMLList","resource":""}', '0 complete'],
    ['{"@type":"resourceXMLList","resource":{}}', '0 complete'],
    ['{"@type":"resourceXMLList"}', '0 complete'],
    ['{"resource":[]}', '0 doubtful'],
    ['{}', '0 doubtful'],
    ['[]', '0 doubtful'],
    ['{"@type":"resourceXMLList","resource":["x"]}', '1 complete'],
    ['{"@type":"resourceXMLList","resource":[null,{"userID":"x"}]}', '2 complete'],
    ['<resource><userID>x</userID></resource>', '1 doubtful'],
    ['{"userID":"x"}', '1 doubtful'],
    ['<resources><resources><resource><userID>x</userID></resource></resources></resources>', '0 doubtful'],
    ['<resources><resource><userID>x</userID></resource><apiErrors/></resources>', '1 doubtful'],
    ['<resources>the database is down</resources>', '0 doubtful'],
    ['{"@type":"resourceXMLList","resource":[],"next":"?page=2"}', '0 doubtful'],
    ['{"resources":{"resource":[{"userID":"x"}]},"next":"?page=2"}', '1 doubtful'],
    ['{"":[{"userID":"x"}],"next":"?page=2"}', '1 doubtful'],
    ['{"resources":[{"userID":"x"},{"userID":"y"}]}', '0 doubtful'],
    ['<teams/>', 'source-protocol'],
    ['<team/>', 'source-protocol'],
    ['{"@type":"teamXMLList","team":[]}', 'source-protocol'],
    ['{"@type":"teamXMLList","resource":[{"userID":"x"}]}', 'source-protocol'],
    ['{"team":[{"teamId":1}]}', 'source-protocol'],
    ['{"error":"no"}', 'source-protocol'],
    ['<apiErrors><apiError><errorType>InvalidInput</errorType></apiError></apiErrors>', 'source-refused'],
    ['{"apiError":[{"errorType":"InvalidInput"}]}', 'source-refused'],
    ['', 'source-protocol'],
    ['Service unavailable', 'source-protocol'],
    ['"resources"', 'source-protocol'],
    ['{"@type":"resourceXMLList","resource":[{"userID":"x"}', 'source-protocol'],
    ['<resources><resource><userID>x</userID></resource>', 'source-protocol'],
  ])('reads %s as %s', (text, expected) => {
    expect(outcomeOf(text)).toBe(expected);
  });

  it('tells teams from resources', () => {
    expect(outcomeOf('<teams/>', teams)).toBe('0 complete');
    expect(outcomeOf('{"@type":"teamXMLList","team":{"teamId":1}}', teams)).toBe('1 complete');
    expect(outcomeOf('<resources/>', teams)).toBe('source-protocol');
  });

  it('refuses a document that is nested without end, and does not fall over it', () => {
    expect(outcomeOf(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`)).toBe('source-protocol');
    expect(outcomeOf(`${'['.repeat(5_000)}${']'.repeat(5_000)}`)).toBe('source-protocol');
  });
});

describe('item and error of UCCX', () => {
  it.each([
    ['<resource><userID>x</userID></resource>', 'x'],
    ['{"self":"y","userID":"x"}', 'x'],
    ['{"resource":{"userID":"x"}}', 'x'],
    ['<team><teamId>1</teamId></team>', undefined],
    ['{"teamId":1}', undefined],
  ])('finds the resource in %s', (text, expected) => {
    const item = itemOf(answer(text), resources);
    expect(item?.children.find(({ name }) => name === 'userID')?.text).toBe(expected);
  });

  const error = (...types: readonly string[]): string =>
    `<apiErrors>${types.map((type) => `<apiError><errorType>${type}</errorType></apiError>`).join('')}</apiErrors>`;

  it.each<[string, string | undefined, boolean]>([
    [
      '<apiErrors><apiError><errorData>5</errorData><errorMessage>No entity found</errorMessage><errorType>InstanceNotFound</errorType></apiError></apiErrors>',
      'InstanceNotFound: No entity found: 5',
      true,
    ],
    [
      '{"apiError":[{"errorData":"","errorMessage":"No entity found","errorType":"Not Found"}]}',
      'Not Found: No entity found',
      true,
    ],
    ['{"apiErrors":{"apiError":{"errorType":"Not Found"}}}', 'Not Found', true],
    [error('InternalError'), 'InternalError', false],
    [error('404'), '404', false],
    [error('NotFound', 'InternalError'), 'NotFound', false],
    ['<apiErrors><apiError><errorMessage>Not Found</errorMessage></apiError></apiErrors>', 'Not Found', false],
    ['<apiErrors/>', undefined, false],
    ['<apiErrors><apiError/></apiErrors>', undefined, false],
    ['', undefined, false],
    ['not found', undefined, false],
    ['<resource><userID>x</userID></resource>', undefined, false],
  ])('reads the error in %s', (text, said, isNotFound) => {
    expect(errorIn(answer(text))).toEqual(said === undefined ? undefined : { said, isNotFound });
  });
});

import { type Agent, agents, homePlaces, type Place } from './places.ts';
import { createRandom, toHex, toOktaId } from './random.ts';

/** Who somebody is. What changes over time (status, factors, apps) is posture, not this. */
export interface Person {
  index: number;
  id: string;
  firstName: string;
  lastName: string;
  displayName: string;
  login: string;
  phoneNumber: string;
  home: Place;
  address: string;
  agent: Agent;
  fingerprint: string;
  deviceId: string;
  createdMs: number;
}

const firstNames = [
  'Amara',
  'Björn',
  'Chiara',
  'Dmitri',
  'Elena',
  'Farid',
  'Grace',
  'Hiro',
  'Ines',
  'Jonas',
  'Kavya',
  'Liam',
  'Mei',
  'Noah',
  'Olivia',
  'Priya',
  'Quentin',
  'Rosa',
  'Sven',
  'Thandi',
  'Uma',
  'Viktor',
  'Wanda',
  'Ximena',
  'Yusuf',
  'Zoë',
];
const lastNames = [
  'Abara',
  'Bianchi',
  'Castro',
  "D'Angelo",
  'Ekström',
  'Fischer',
  'García',
  'Haddad',
  'Iyer',
  'Jansen',
  'Kowalski',
  'Lindt',
  'Müller',
  'Nakamura',
  "O'Brien",
  'Petrov',
  'Quispe',
  'Rossi',
  'Silva',
  'Tanaka',
  'Ueda',
  'Varga',
  'Wong',
];

const toAscii = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase();

/** The index-th person of an org: a function of (seed, index) alone. */
export const toPerson = (seed: number | string, index: number, createdMs: number): Person => {
  const random = createRandom(seed, 'person', index);
  const firstName = random.pick(firstNames);
  const lastName = random.pick(lastNames);
  const home = random.pick(homePlaces);
  return {
    index,
    id: toOktaId(random, '00u'),
    firstName,
    lastName,
    displayName: `${firstName} ${lastName}`,
    login: `${toAscii(firstName)}.${toAscii(lastName)}.${index}@example.com`,
    phoneNumber: `+1 XXX-XXX-${String(random.below(10_000)).padStart(4, '0')}`,
    home,
    address: `${home.network}.${1 + random.below(250)}`,
    agent: random.pick(agents),
    fingerprint: toHex(random, 32),
    deviceId: toOktaId(random, 'guo'),
    createdMs,
  };
};

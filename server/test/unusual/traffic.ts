import { DAY, HOUR, START } from '../world.ts';
import { type Chance, chanceOf } from './chance.ts';
import { ALL_BROWSERS, awake, END, makePerson, networkOfKind, type Person, userAgentOf } from './people.ts';
import { ATTACKERS, type AttackerClass, POPULATION, SESSION_LIFE } from './population.ts';

/** One sign-in with the right password, or the completion of a sign-up. */
export interface SignIn {
  readonly user: number;
  readonly at: number;
  readonly address: string;
  readonly userAgent: string;
  /** Names the device cookie that the browser brings; null when it has none. */
  readonly cookie: string | null;
  /** … and the one that it has afterwards. */
  readonly cookieAfter: string | null;
  readonly keep: boolean;
  /** Wrong passwords just before it, by the same browser. */
  readonly wrong: number;
  readonly kind: 'sign-up' | 'honest' | AttackerClass;
}

export interface User {
  readonly person: Person;
  /** In order of time. */
  readonly signIns: readonly SignIn[];
}

/** All sign-ins of ninety days. Users do not touch each other's accounts, so each has a stream of their own. */
export function makeTraffic(seed: number, assumed: { readonly enrolledAtHome: number } = POPULATION): readonly User[] {
  const chance = chanceOf(seed);
  const people = makePeople(chance, assumed);
  const users = people.map((person, user) => ({ person, signIns: honestSignIns(chance, person, user) }));
  for (const kind of Object.keys(ATTACKERS) as AttackerClass[])
    for (let n = 0; n < POPULATION.attacks; n += 1) {
      const user = chance.below(users.length);
      const victim = users[user];
      if (victim !== undefined) victim.signIns.push(attack(chance, kind, victim.person, user));
    }
  for (const { signIns } of users) signIns.sort((a, b) => a.at - b.at);
  return users;
}

function makePeople(chance: Chance, assumed: { readonly enrolledAtHome: number }): Person[] {
  const people: Person[] = [];
  const inHouseholds = POPULATION.users * POPULATION.inHouseholds;
  while (people.length < inHouseholds) {
    const homes = Array.from({ length: 5 }, () => networkOfKind(chance, 'home'));
    for (let size = chance.pick(POPULATION.householdSizes); size > 0; size -= 1) people.push(makePerson(chance, { homes }, assumed));
  }
  while (people.length < POPULATION.users) people.push(makePerson(chance, null, assumed));
  return people.slice(0, POPULATION.users);
}

interface Device {
  readonly name: string;
  readonly browser: string;
  readonly keep: boolean;
  /** Milliseconds between sign-ins; null: when the session ends or somebody logs out. */
  readonly every: number | null;
  readonly life: number;
  readonly place: (at: number) => string;
}

function honestSignIns(chance: Chance, person: Person, user: number): SignIn[] {
  const devices: Device[] = [
    { name: 'phone', browser: person.phoneBrowser, keep: true, every: null, life: POPULATION.phoneLife, place: person.phoneAt },
  ];
  if (person.laptop !== 'none') {
    const keep = person.laptop === 'kept';
    const every = keep ? null : POPULATION.daysBetweenSignInsWithoutKeep * DAY;
    devices.push({ name: 'laptop', browser: person.laptopBrowser, keep, every, life: POPULATION.laptopLife, place: person.laptopAt });
  }
  if (person.household) {
    const every = POPULATION.daysBetweenTurnsAtSharedComputer * DAY;
    devices.push({ name: 'shared', browser: 'chrome', keep: true, every, life: POPULATION.laptopLife, place: person.home });
  }
  const first = awake(chance, START);
  return devices.flatMap((device, at) => {
    const enrolled = at === 0 ? first : awake(chance, first + DAY + chance.below(POPULATION.enrolWithin));
    return signInsOfDevice(chance, person, user, device, { enrolled, signsUp: at === 0 });
  });
}

function signInsOfDevice(
  chance: Chance,
  person: Person,
  user: number,
  device: Device,
  { enrolled, signsUp }: { enrolled: number; signsUp: boolean },
): SignIn[] {
  const found: SignIn[] = [];
  let generation = 0;
  let cookie: string | null = device.name === 'shared' ? `${user} shared` : null;
  let replacedAt = START + chance.wait(device.life);
  let clearedAt = START + chance.below(30 * DAY);
  let fresh = true;
  for (let at = enrolled; at < END; ) {
    const signUp = signsUp && found.length === 0;
    const network = fresh && device.name !== 'shared' ? person.enrolAt(at) : device.place(at);
    const cookieAfter: string | null = !device.keep ? cookie : (cookie ?? `${user} ${device.name} ${generation}`);
    found.push({
      user,
      at,
      address: `${network}.${1 + chance.below(254)}`,
      userAgent: userAgentOf(device.browser, at),
      cookie,
      cookieAfter,
      keep: device.keep,
      wrong: signUp ? 0 : chance.weighted(POPULATION.mistypes),
      kind: signUp ? 'sign-up' : 'honest',
    });
    cookie = cookieAfter;
    fresh = false;
    const again = device.every ?? Math.min(SESSION_LIFE, chance.wait(POPULATION.daysBetweenSignOuts * DAY));
    let next = at + again;
    // Cleared cookies and a new device both mean a sign-in at the next use, and a browser that nobody has seen.
    if (person.clearsCookies && clearedAt < next) {
      next = Math.max(clearedAt, at + HOUR);
      clearedAt += 30 * DAY;
      cookie = null;
      generation += 1;
    }
    if (replacedAt < next) {
      next = Math.max(replacedAt, at + HOUR);
      replacedAt += chance.wait(device.life);
      cookie = null;
      generation += 1;
      fresh = true;
    }
    at = Math.max(at + HOUR, awake(chance, next));
  }
  return found;
}

function attack(chance: Chance, kind: AttackerClass, victim: Person, user: number): SignIn {
  // When the victim has all devices: earlier everything about the victim is new, which would flatter the score.
  const at = Math.floor(START + POPULATION.enrolWithin + 2 * DAY + chance.next() * (END - START - POPULATION.enrolWithin - 2 * DAY));
  const theirs = victim.laptop === 'none' || chance.happens(0.5) ? victim.phoneBrowser : victim.laptopBrowser;
  const browser = kind === 'foreign' ? chance.pick(ALL_BROWSERS) : theirs;
  const country = chance.happens(0.5) ? networkOfKind(chance, 'home') : networkOfKind(chance, 'mobile');
  const network = kind === 'foreign' ? networkOfKind(chance, 'foreign') : kind === 'same /24' ? victim.home(at) : country;
  return {
    user,
    at,
    address: `${network}.${1 + chance.below(254)}`,
    userAgent: userAgentOf(browser, at),
    cookie: null,
    cookieAfter: null,
    keep: true,
    wrong: chance.happens(POPULATION.attackersWhoGuessed) ? POPULATION.guessesBefore : 0,
    kind,
  };
}

import { DAY, START } from '../world.ts';
import type { Chance } from './chance.ts';
import { POPULATION, WAKING } from './population.ts';

/** Where a user of the population is, and what they hold in their hands. */
export interface Person {
  readonly household: boolean;
  readonly traveller: boolean;
  readonly clearsCookies: boolean;
  readonly laptop: 'none' | 'kept' | 'without keep';
  readonly phoneBrowser: string;
  readonly laptopBrowser: string;
  /** The /24 of the home at a moment. */
  home(at: number): string;
  phoneAt(at: number): string;
  laptopAt(at: number): string;
  /** Where a new device is set up. */
  enrolAt(at: number): string;
}

export const END = START + POPULATION.days * DAY;

const space = (first: number) => (index: number) => `${first}.${index >> 8}.${index & 255}`;
const NETWORKS = {
  home: space(10),
  mobile: space(100),
  work: space(172),
  cafe: space(192),
  hotel: space(198),
  foreign: space(203),
} as const;

/** A random network of a kind, as its first three numbers. */
export function networkOfKind(chance: Chance, kind: keyof typeof NETWORKS): string {
  return NETWORKS[kind](chance.below(POPULATION[`${kind}Networks`]));
}

const FAMILIES: Readonly<Record<string, (version: number) => string>> = {
  'chrome-android': (v) =>
    `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${v}.0.0.0 Mobile Safari/537.36`,
  'safari-iphone': (v) =>
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_${v % 10} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.${v % 10} Mobile/15E148 Safari/604.1`,
  samsung: (v) =>
    `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/${v % 30}.0 Chrome/${v}.0.0.0 Mobile Safari/537.36`,
  'firefox-android': (v) => `Mozilla/5.0 (Android 14; Mobile; rv:${v}.0) Gecko/${v}.0 Firefox/${v}.0`,
  chrome: (v) => `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${v}.0.0.0 Safari/537.36`,
  edge: (v) =>
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${v}.0.0.0 Safari/537.36 Edg/${v}.0.0.0`,
  safari: (v) =>
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.${v % 10} Safari/605.1.15`,
  firefox: (v) => `Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:${v}.0) Gecko/20100101 Firefox/${v}.0`,
};

/** What a browser of this name says of itself at a moment. */
export function userAgentOf(name: string, at: number): string {
  return FAMILIES[name]?.(131 + Math.floor((at - START) / POPULATION.browserUpdate)) ?? '';
}

export const ALL_BROWSERS: readonly string[] = Object.keys(FAMILIES);

/** A moment on the same day at which people are awake. */
export function awake(chance: Chance, at: number): number {
  return Math.floor(at / DAY) * DAY + WAKING.from + chance.below(WAKING.for);
}

export function makePerson(
  chance: Chance,
  household: { readonly homes: readonly string[] } | null,
  { enrolledAtHome }: { readonly enrolledAtHome: number },
): Person {
  const moves = chance.happens(POPULATION.homesThatMove) ? chance.below(POPULATION.homeMove) : null;
  const homes = household?.homes ?? Array.from({ length: 5 }, () => networkOfKind(chance, 'home'));
  const work = networkOfKind(chance, 'work');
  const carrier = chance.below(POPULATION.mobileNetworks / POPULATION.mobileNetworksOfOneCarrier);
  const traveller = chance.happens(POPULATION.travellers);
  const tripStart = chance.below(30 - POPULATION.tripDays);
  const laptop = !chance.happens(POPULATION.withLaptop) ? 'none' : chance.happens(POPULATION.withoutKeep) ? 'without keep' : 'kept';
  const mobile = () =>
    NETWORKS.mobile(carrier * POPULATION.mobileNetworksOfOneCarrier + chance.below(POPULATION.mobileNetworksOfOneCarrier));
  const hotels = new Map<string, string>();

  const home = (at: number) => homes[moves === null ? 0 : Math.floor((at - START + moves) / POPULATION.homeMove)] ?? homes[0] ?? '';
  /** The hotel of a day, while travelling. */
  const hotel = (at: number): string | null => {
    const day = Math.floor((at - START) / DAY);
    const into = (day % 30) - tripStart;
    if (!traveller || into < 0 || into >= POPULATION.tripDays) return null;
    const name = `${Math.floor(day / 30)} ${Math.floor((into * POPULATION.hotelsPerTrip) / POPULATION.tripDays)}`;
    const known = hotels.get(name) ?? networkOfKind(chance, 'hotel');
    hotels.set(name, known);
    return known;
  };
  const slots = new Map<number, string>();
  const phoneAt = (at: number): string => {
    const slot = Math.floor(((at - START) / DAY) * POPULATION.phoneMovesPerDay);
    const place =
      hotel(at) ??
      chance.weighted([
        [home(at), 0.4],
        [mobile(), 0.35],
        [work, 0.15],
        [networkOfKind(chance, 'cafe'), 0.1],
      ] as const);
    const known = slots.get(slot) ?? place;
    slots.set(slot, known);
    return known;
  };
  const laptopAt = (at: number) => hotel(at) ?? (chance.happens(POPULATION.laptopAtWork) ? work : home(at));
  return {
    household: household !== null,
    traveller,
    clearsCookies: chance.happens(POPULATION.cookieClearers),
    laptop,
    phoneBrowser: chance.weighted(POPULATION.phoneBrowsers),
    laptopBrowser: chance.weighted(POPULATION.laptopBrowsers),
    home,
    phoneAt,
    laptopAt,
    enrolAt: (at) => (chance.happens(enrolledAtHome) ? home(at) : chance.happens(0.5) ? work : mobile()),
  };
}

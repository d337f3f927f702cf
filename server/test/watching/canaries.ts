import type { Browser } from '../browser.ts';
import type { World } from '../world.ts';

/** Every secret that passed through a world, by kind. */
export interface Canaries {
  add(kind: string, ...secrets: readonly (string | null | undefined)[]): void;
  kinds(): readonly string[];
  /** The kinds whose secrets stand in a text. */
  foundIn(text: string): readonly string[];
}

/** Fields of answers that are secrets, whoever answered. */
const SECRET_FIELDS =
  /"(accessToken|refreshToken|csrfToken|access_token|refresh_token|id_token|ticket|code|device_code|user_code|secret|clientSecret)":"([^"]{8,})"/g;

export function openCanaries(): Canaries {
  const secrets = new Map<string, string>();
  return {
    add: (kind, ...found) => {
      for (const secret of found) if (typeof secret === 'string' && secret.length >= 8) secrets.set(secret, kind);
    },
    kinds: () => [...new Set(secrets.values())].sort(),
    foundIn: (text) => [...secrets].filter(([secret]) => stands(secret, text)).map(([secret, kind]) => `${kind} ${secret}`),
  };
}

/** Eight digits stand in many a number by chance. */
function stands(secret: string, text: string): boolean {
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    const [before = '', after = ''] = [text[at - 1], text[at + secret.length]];
    if (!/^\d+$/.test(secret) || !/\d/.test(before + after)) return true;
  }
  return false;
}

/** Takes note of every secret that the server gives out from now on; answers the bodies of all refusals. */
export function listen(world: World, canaries: Canaries): string[] {
  const refusals: string[] = [];
  const inject = world.app.inject.bind(world.app) as (options: unknown) => Promise<Injected>;
  const heard = async (options: unknown): Promise<Injected> => {
    const answered = await inject(options);
    for (const line of [answered.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^(?:__Host-)?(\w+)=([^;]*)/.exec(line) ?? [];
      if (!['portico_way', 'portico_g'].includes(name)) canaries.add(`cookie ${name}`, value);
    }
    if (answered.statusCode >= 400) refusals.push(`${answered.body} ${JSON.stringify(answered.headers)}`);
    else for (const [, field = '', value] of answered.body.matchAll(SECRET_FIELDS)) canaries.add(`field ${field}`, value);
    return answered;
  };
  Object.assign(world.app, { inject: heard });
  return refusals;
}

interface Injected {
  readonly statusCode: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Codes and links of every letter that lies in the outbox. */
export async function readLetters(world: World, canaries: Canaries): Promise<void> {
  for (const { text } of await world.mails()) {
    for (const [code] of text.matchAll(/(?<!\d)\d{8}(?!\d)/g)) canaries.add('mailed code', code);
    for (const [, token] of text.matchAll(/(?:token|invite)=([A-Za-z0-9_-]{20,})/g)) canaries.add('mailed link', token);
  }
}

/** What the browser itself holds, for what never came in an answer that was heard. */
export function readJar(browser: Browser, canaries: Canaries): void {
  for (const [name, { value }] of browser.jar) if (!/portico_(?:way|g)$/.test(name)) canaries.add(`cookie ${name}`, value);
}

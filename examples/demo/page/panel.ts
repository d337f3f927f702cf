import type { Portico, PorticoSession, SignOutOptions } from '@portico/client';
import type { PageSettings } from '../src/settings.ts';
import { element } from './element.ts';
import { forgetDevice, wasForgotten } from './new-device.ts';
import { timeLeft } from './time-left.ts';

/** What the panel needs of an app: `@portico/client`, or a sign-in of its own that says as much. */
export type Source = Pick<Portico, 'session' | 'subscribe' | 'signIn' | 'signOut'> & Partial<Pick<Portico, 'refresh' | 'extend'>>;

interface PanelOptions {
  readonly source: Source;
  readonly settings: PageSettings;
  /** How this app holds its sign-in, for people. */
  readonly holds: string;
  /** Calls something that only signed-in people may; answers what came back. */
  readonly call: () => Promise<string>;
}

const STATUS: Readonly<Record<PorticoSession['status'], string>> = {
  loading: 'Finding out …',
  'signed-out': 'Nobody is signed in',
  unverified: 'Waiting for the code that was mailed',
  'signed-in': 'Signed in',
  offline: 'Signed in, and Portico cannot be reached',
};

/** Who is signed in, for how long, and everything that can be done about it: the same at every app. */
export function mountPanel(place: HTMLElement, { source, settings, holds, call }: PanelOptions): void {
  const [status, who, left] = [element('dd', { id: 'status' }), element('dd', { id: 'who' }), element('dd', { id: 'left' })];
  const said = element('p', { class: 'said', role: 'status', id: 'said' });
  const signedIn = element('div', { class: 'choices', id: 'signed-in' });
  const signedOut = element('div', { class: 'choices', id: 'signed-out' });

  const button = (id: string, text: string, look: string, act: () => Promise<string | void>): HTMLButtonElement => {
    const made = element('button', { type: 'button', id, 'data-look': look }, text);
    made.addEventListener('click', () => {
      made.setAttribute('aria-busy', 'true');
      void act()
        .then((sentence) => sentence !== undefined && say(sentence))
        .catch((error: unknown) => say(error instanceof Error ? error.message : String(error)))
        .finally(() => made.removeAttribute('aria-busy'));
    });
    return made;
  };
  const say = (sentence: string): void => {
    said.textContent = `${new Date().toLocaleTimeString()}  ${sentence}`;
  };
  const { refresh, extend } = source;
  const toPortico = button('sign-in', 'Sign in with Portico', 'primary', () => source.signIn());
  const newDevice = (id: string) =>
    button(id, 'Pretend to be a new device', 'secondary', async () => {
      // Of this app alone: what Portico knows of the browser goes with its cookies.
      if (source.session.user !== null) await source.signOut({ local: true });
      forgetDevice(settings);
    });
  const signOut = (id: string, text: string, options: SignOutOptions, done: string) =>
    button(id, text, 'danger', async () => {
      await source.signOut(options);
      return done;
    });

  if (refresh !== undefined)
    signedIn.append(
      button('refresh', 'Refresh', 'secondary', async () => ((await refresh.call(source)) ? 'Refreshed.' : 'Nobody is signed in.')),
    );
  if (extend !== undefined)
    signedIn.append(
      button('extend', 'Extend', 'secondary', async () => {
        await extend.call(source);
        return 'Extended: an idle sign-in lives on from now.';
      }),
    );
  signedIn.append(
    button('call', 'Call the protected API', 'secondary', call),
    signOut('sign-out', 'Sign out here', {}, 'Signed out of this browser, at all sites.'),
    signOut('sign-out-everywhere', 'Sign out everywhere', { everywhere: true }, 'Signed out of all devices.'),
    signOut('sign-out-local', 'Sign out of this app only', { local: true }, 'Signed out of this app; the others go on.'),
    newDevice('new-device'),
  );
  signedOut.append(toPortico, newDevice('new-device-signed-out'));

  place.append(
    element('h2', { id: 'session-title' }, 'Who is signed in'),
    element(
      'dl',
      { class: 'facts' },
      ...fact('Status', status),
      ...fact('Who', who),
      ...fact('Time left', left),
      ...fact('How this app holds it', element('dd', {}, holds)),
    ),
    signedIn,
    signedOut,
    said,
  );

  const showTime = () => {
    left.textContent = timeLeft(source.session.expiresAt, Date.now());
  };
  const show = (session: PorticoSession) => {
    const known = session.status === 'signed-in' || session.status === 'offline';
    status.textContent = STATUS[session.status];
    who.textContent = session.user === null ? 'nobody' : session.user.displayName || session.user.email || session.user.id;
    place.dataset['status'] = session.status;
    const hadFocus = [signedIn, signedOut].some((buttons) => buttons.contains(document.activeElement));
    signedIn.hidden = !known;
    signedOut.hidden = known || session.status === 'loading';
    // Who pressed a button that is gone now goes on at the next one, not at the top of the page.
    if (hadFocus)
      [signedIn, signedOut]
        .find((buttons) => !buttons.hidden)
        ?.querySelector('button')
        ?.focus();
    toPortico.textContent = session.status === 'unverified' ? 'Type the code' : 'Sign in with Portico';
    showTime();
  };
  show(source.session);
  source.subscribe(show);
  setInterval(showTime, 1000);
  if (wasForgotten()) say('Portico does not know this browser any more. Sign in: the mail inbox then tells of a new device.');
}

function fact(name: string, value: HTMLElement): readonly HTMLElement[] {
  return [element('div', {}, element('dt', {}, name), value)];
}

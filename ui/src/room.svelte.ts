import type { Answer } from './ask.ts';
import { browserWorld } from './browser-world.ts';
import type { Form } from './form.svelte.ts';
import { goTo, leaveFor } from './leave.ts';
import { type PageFrame, pageUrl } from './page-props.ts';
import { createSession, type Grant, type Session } from './session.ts';

/** A page of a signed-in person: what it shows, and what its buttons do. */
export interface Room<T> {
  /** Null while it must be asked for: on three hosts, or when the server saw a cookie that another tab had just replaced. */
  readonly content: T | null;
  readonly loading: boolean;
  readonly notice: string | null;
  /** The notice speaks of an act in this page: its button may be gone, so the notice takes the focus. */
  readonly acted: boolean;
  readonly call: Session['call'];
  /** When the page has come to life. */
  begin(): void;
  load(): Promise<void>;
  /** One act on the account: its refusal is told by its form, its success by the notice, and what it changed is read again. */
  act(form: Form, work: () => Promise<Answer<unknown>>, success: string): Promise<boolean>;
  /** A password change answers with a new session, which takes the place of the old one. */
  adopt(grant: Grant): void;
  signOut(): Promise<void>;
}

export interface RoomOptions<T> {
  readonly frame: PageFrame;
  readonly content: T | null;
  readonly notice: string | null;
  /** Tells what went wrong where no other form does. */
  readonly form: Form;
  readonly read: (call: Session['call']) => Promise<Answer<T>>;
}

export function createRoom<T>({ frame, content: rendered, notice: told, form, read }: RoomOptions<T>): Room<T> {
  let content = $state.raw(rendered);
  let loading = $state(rendered === null);
  let notice = $state.raw(told);
  let acted = $state(false);
  let session: Session | null = null;

  function signedOut(): void {
    goTo(`${pageUrl(frame, 'signIn')}?notice=signed_out`);
  }

  const call: Session['call'] = (method, path, body) => {
    if (session === null) throw new Error();
    return session.call(method, path, body);
  };

  async function load(): Promise<void> {
    loading = true;
    const answer = await form.submit(() => read(call));
    loading = false;
    if (answer?.ok) {
      content = answer.body;
      form.reset();
      return;
    }
    if (answer !== null) leaveFor(frame, answer.trouble);
  }

  /** A page that opens has no access token: it refreshes. One that shows its content already does so quietly. */
  async function enter(mine: Session): Promise<void> {
    if (content === null) return load();
    const answer = await mine.refresh();
    if (!answer.ok) leaveFor(frame, answer.trouble);
  }

  return {
    get content() {
      return content;
    },
    get loading() {
      return loading;
    },
    get notice() {
      return notice;
    },
    get acted() {
      return acted;
    },
    call,
    begin() {
      const { apiOrigin, csrfToken, userId } = frame;
      session = createSession(browserWorld(), { apiOrigin, csrfToken, userId, onSignedOut: signedOut });
      void enter(session);
    },
    load,
    async act(own, work, success) {
      notice = null;
      const answer = await own.submit(work);
      if (answer === null) return false;
      if (!answer.ok) {
        leaveFor(frame, answer.trouble);
        return false;
      }
      own.reset();
      acted = true;
      notice = success;
      const now = await read(call);
      if (now.ok) content = now.body;
      return true;
    },
    adopt(grant) {
      session?.adopt(grant);
    },
    async signOut() {
      const mine = session;
      if (mine === null) return;
      const answer = await form.submit(() => mine.signOut(false));
      if (answer?.ok) signedOut();
    },
  };
}

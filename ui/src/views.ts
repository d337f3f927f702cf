import type { ErrorCode } from '@portico/protocol/errors';
import type { Texts } from '@portico/protocol/texts';
import type { SessionStatus, UnusualReason } from '@portico/protocol/tokens';
import type { Account, ActivityAnswer, Profile, ProofWays, Security, SiteItem } from './account-views.ts';
import type { FormState } from './form-state.ts';
import type { AskingSite, SiteView } from './site-views.ts';

export type * from './account-views.ts';
export type * from './form-state.ts';
export type * from './site-views.ts';

/** What every page knows besides its own view. The server fills it in; the pages never read an environment. */
export interface Frame {
  /** `en`, … : the page's `lang`, and the texts that go with it. */
  readonly language: string;
  readonly texts: Texts;
  /** The host that people know the service by, such as `auth.example.com`. */
  readonly host: string;
  /** Prefix of script and style URLs: '' on one host, a CDN's origin otherwise. */
  readonly assetBase: string;
  /** Where the browser API is: '' when it is this page's own origin (one host). */
  readonly apiOrigin: string;
  /** Where the app pages (/login, /dashboard) are: '' when it is this page's own origin. */
  readonly appOrigin: string;
  /** Where the landing page is: '' when it is this page's own origin. */
  readonly landingOrigin: string;
  /** Plain form posts work only where pages and API share one host. Elsewhere a page says so in `<noscript>`. */
  readonly formsWork: boolean;
  /** Guards the sign-in and sign-up forms against login CSRF. Null where no cookie can be set. */
  readonly formToken: string | null;
  /** Guards the forms of a signed-in page. Null when signed out, or when the page must fetch it. */
  readonly csrfToken: string | null;
  /** Whom a signed-in page was rendered for: a tab that finds somebody else signed in meanwhile must not act for them. */
  readonly userId: string | null;
  readonly requestId: string;
  /** Epoch milliseconds on the server when the page was rendered: countdowns must not trust the browser's clock. */
  readonly now: number;
  readonly passwordMin: number;
  /** Everybody may create an account here: pages offer it. */
  readonly signUpOpen: boolean;
  readonly development: boolean;
}

/** A provider that is offered, as its button says it. */
export interface ProviderButton {
  readonly name: string;
  readonly label: string;
  /** This browser signed in with it last. */
  readonly lastUsed: boolean;
}

/** What a provider sent the browser back with; the page hands it on. */
export interface ProviderAnswer {
  readonly tokenExchangeCode: string;
  readonly csrfState: string;
  readonly iss?: string;
}

/** Whom the operator invited, and with which token. */
export interface Invitation {
  readonly token: string;
  readonly email: string;
}

/** Whom a link that makes an owner is for. */
export interface SetupLinkAnswer {
  /** Null: for whoever opens it. */
  readonly email: string | null;
  /** There is an account with that address. */
  readonly hasAccount: boolean;
}

/** What a browser that still owes a code may know. */
export interface Waiting {
  /** Why the code is asked for. Null while the page must ask the API itself (three hosts). */
  readonly reason: 'sign_up' | 'unusual' | 'held' | null;
  /** `a••••@example.com`. A held browser learns it only masked. */
  readonly maskedEmail: string;
  /** A held sign-in gets its code only when its browser asks for it. */
  readonly codeSent: boolean;
  /** Epoch milliseconds when another code may be asked for. */
  readonly resendAt: number;
  readonly triesLeft: number | null;
  /** What was unusual about the sign-in; only of an unusual one. */
  readonly seen: SeenSignIn | null;
}

/** Why a sign-in waits: of the browser that made it, and of nobody else. */
export interface SeenSignIn {
  /** "Firefox on Windows" */
  readonly device: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly reasons: readonly UnusualReason[];
}

/** `POST resend-code`. */
export interface ResendAnswer {
  readonly triesLeft: number;
  /** Epoch milliseconds. */
  readonly resendAt: number;
}

/**
 * What the plain forms post, each with its token: `FORM_FIELDS.form` on the pages before sign-in, `FORM_FIELDS.csrf` after it.
 * A refused form is rendered again with these names as the keys of `FormState.values` and `FormState.fields`.
 */
export interface FormPosts {
  /** `keep` is absent when unticked. */
  readonly signIn: 'email' | 'password' | 'keep' | 'returnTo';
  /** What the provider's redirect carried. */
  readonly authCallback: 'tokenExchangeCode' | 'csrfState' | 'iss';
  readonly signUp: 'email' | 'displayName' | 'password' | 'returnTo' | 'inviteToken';
  readonly forgot: 'email';
  readonly reset: 'token' | 'password';
  readonly mailLink: 'token';
  readonly verifySignIn: 'securityCode' | 'returnTo';
  readonly verifyResend: 'returnTo';
  readonly verifyNotMe: never;
  readonly verifyOtherAccount: 'returnTo';
  readonly notMe: 'token';
  /** Absent: this browser only. */
  readonly signOut: 'everywhere' | 'returnTo';
  readonly dashboardPassword: 'currentPassword' | 'newPassword';
  /** The id of the session to end. */
  readonly dashboardEndSession: 'id';
  readonly dashboardEndOthers: never;
  readonly dashboardExtend: never;
  /** The site to sign out of. */
  readonly dashboardLeaveSite: 'clientId';
  readonly dashboardEmail: 'email';
  readonly dashboardUnlink: 'authProvider';
  readonly dashboardLink: 'authProvider';
  readonly dashboardName: 'displayName';
  readonly dashboardExport: never;
  readonly dashboardDelete: 'confirm';
  /** Exactly one of the first two. */
  readonly dashboardProof: 'password' | 'securityCode' | 'returnTo';
  readonly dashboardProofCode: 'returnTo';
  readonly dashboardProofProvider: 'authProvider' | 'returnTo';
  readonly consent: 'returnTo';
  readonly consentDeny: 'returnTo';
  readonly consentOtherAccount: 'returnTo';
  readonly freshen: 'returnTo';
  readonly device: 'userCode';
  /** `allow` is `yes` or `no`. */
  readonly deviceAnswer: 'userCode' | 'allow';
}

export type PageView =
  | { readonly page: 'landing'; readonly status: SessionStatus | null }
  | {
      readonly page: 'sign-in';
      readonly form: FormState;
      readonly returnTo: string;
      readonly notice: 'signed_out' | 'session_ended' | 'password_reset' | 'not_me' | 'account_deleted' | null;
      readonly providers: readonly ProviderButton[];
      readonly site: AskingSite | null;
    }
  | {
      readonly page: 'sign-up';
      readonly form: FormState;
      readonly returnTo: string;
      readonly providers: readonly ProviderButton[];
      /** From the link of an invitation. */
      readonly invitation: Invitation | null;
      /** Why there is no form; null where there is one. */
      readonly closed: 'signup_closed' | 'signup_by_invitation' | null;
      readonly site: AskingSite | null;
    }
  | { readonly page: 'forgot'; readonly form: FormState; readonly sent: boolean }
  /** `token` is null when the link is over. */
  | { readonly page: 'reset'; readonly form: FormState; readonly token: string | null }
  | {
      readonly page: 'setup';
      readonly form: FormState;
      /** Who is signed in here; null: nobody, or the page must ask the API itself. */
      readonly email: string | null;
      /** The page must ask: on three hosts, or where another tab has just replaced the cookie. */
      readonly unread: boolean;
      /** What was pasted into a form that was refused. */
      readonly token: string;
    }
  | {
      readonly page: 'mail-link';
      readonly act: 'verifyEmail' | 'confirmEmail' | 'undoEmail' | 'notMe';
      /** Null when the link is over, or works in another browser only. */
      readonly token: string | null;
      readonly form: FormState;
      readonly done: boolean;
    }
  | {
      readonly page: 'provider-return';
      readonly provider: { readonly name: string; readonly label: string };
      /** Null when the provider gave none, or it was refused already. */
      readonly answer: ProviderAnswer | null;
      readonly declined: boolean;
      readonly form: FormState;
    }
  | ({ readonly page: 'verify-sign-in'; readonly form: FormState; readonly returnTo: string } & Waiting)
  | {
      readonly page: 'dashboard';
      readonly account: Account | null;
      readonly form: FormState;
      readonly notice: 'session_ended' | 'others_ended' | null;
    }
  | {
      readonly page: 'sites';
      readonly sites: readonly SiteItem[] | null;
      readonly form: FormState;
      readonly notice: 'site_left' | null;
    }
  | {
      readonly page: 'security';
      readonly security: Security | null;
      readonly form: FormState;
      /** Which of its forms was refused. */
      readonly refused: 'email' | 'password' | 'services' | null;
      readonly notice: 'email_sent' | 'password_changed' | 'password_added' | 'linked' | 'unlinked' | null;
    }
  | {
      readonly page: 'activity';
      readonly activity: ActivityAnswer | null;
      /** Null: the newest page. */
      readonly cursor: string | null;
    }
  | {
      readonly page: 'account';
      readonly profile: Profile | null;
      readonly form: FormState;
      readonly refused: 'name' | 'export' | 'delete' | null;
      readonly notice: 'name_changed' | null;
    }
  | {
      readonly page: 'confirm';
      readonly proof: ProofWays | null;
      readonly form: FormState;
      readonly returnTo: string;
      /** Where whoever does not want to goes. */
      readonly back: string;
    }
  | SiteView
  | { readonly page: 'error'; readonly status: number; readonly reason: ErrorCode | null }
  | { readonly page: 'dev-mail'; readonly mails: readonly DevMail[] };

export interface DevMail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** `ui/dist/server/render.js` exports `renderPage` of this type: a whole HTML document, without inline script or style. */
export type RenderPage = (view: PageView, frame: Frame) => string;

export type PageName = PageView['page'];
export type ViewOf<P extends PageName> = Extract<PageView, { readonly page: P }>;

import { fill, type Texts } from '@portico/protocol/texts';
import { failureOf } from './page-texts.ts';
import type { PageView } from './views.ts';

/** What the browser's tab says; a refused form says so first, because that is what a screen reader reads first. */
export function titleOf(view: PageView, texts: Texts, host: string): string {
  const { tab } = texts.pages;
  const refused = 'form' in view && view.form.error !== null;
  const heading = headingOf(view, texts);
  return fill(tab.title, { title: refused ? fill(tab.errorTitle, { title: heading }) : heading, host });
}

function headingOf(view: PageView, texts: Texts): string {
  const { pages } = texts;
  switch (view.page) {
    case 'landing':
      return pages.landing.title;
    case 'sign-in':
      return pages.signIn.title;
    case 'sign-up':
      return pages.signUp.title;
    case 'provider-return':
      return fill(pages.providerReturn.title, { provider: view.provider.label });
    case 'verify-sign-in':
      return view.reason === 'sign_up' ? pages.verifySignIn.titleSignUp : pages.verifySignIn.title;
    case 'forgot':
      return pages.forgot.title;
    case 'reset':
      return pages.reset.title;
    case 'setup':
      return pages.setup.title;
    case 'mail-link':
      return pages.mailLink[view.act].title;
    case 'dashboard':
      return pages.dashboard.title;
    case 'sites':
      return pages.sites.title;
    case 'security':
      return pages.security.title;
    case 'activity':
      return pages.activity.title;
    case 'account':
      return pages.account.title;
    case 'confirm':
      return pages.confirm.title;
    case 'device':
      return view.waiting === null ? pages.device.title : fill(pages.device.ask, { app: view.waiting.app });
    case 'consent':
      return fill(pages.consent.title, { site: view.site.name });
    case 'freshen':
      return pages.freshen.title;
    case 'onward':
      return pages.onward.title;
    case 'sign-out':
      return pages.signOut.title;
    case 'error':
      return failureOf(view, texts).title;
    case 'dev-mail':
      return pages.devMail.title;
  }
}

import { scripts, style } from 'virtual:page-assets';
import type { Component } from 'svelte';
import { render } from 'svelte/server';
import { htmlDocument } from './document.ts';
import type { PageProps } from './page-props.ts';
import { pageTexts } from './page-texts.ts';
import { titleOf } from './page-title.ts';
import Account from './pages/account.svelte';
import Activity from './pages/activity.svelte';
import Confirm from './pages/confirm.svelte';
import Consent from './pages/consent.svelte';
import Dashboard from './pages/dashboard.svelte';
import DevMail from './pages/dev-mail.svelte';
import Device from './pages/device.svelte';
import ErrorPage from './pages/error.svelte';
import Forgot from './pages/forgot.svelte';
import Freshen from './pages/freshen.svelte';
import Landing from './pages/landing.svelte';
import MailLink from './pages/mail-link.svelte';
import Onward from './pages/onward.svelte';
import ProviderReturn from './pages/provider-return.svelte';
import Reset from './pages/reset.svelte';
import Security from './pages/security.svelte';
import Setup from './pages/setup.svelte';
import SignIn from './pages/sign-in.svelte';
import SignOut from './pages/sign-out.svelte';
import SignUp from './pages/sign-up.svelte';
import Sites from './pages/sites.svelte';
import VerifySignIn from './pages/verify-sign-in.svelte';
import type { PageName, RenderPage } from './views.ts';

const PAGES: { readonly [P in PageName]: Component<PageProps<P>> } = {
  landing: Landing,
  'sign-in': SignIn,
  'sign-up': SignUp,
  'provider-return': ProviderReturn,
  'verify-sign-in': VerifySignIn,
  forgot: Forgot,
  reset: Reset,
  setup: Setup,
  'mail-link': MailLink,
  dashboard: Dashboard,
  sites: Sites,
  security: Security,
  activity: Activity,
  account: Account,
  confirm: Confirm,
  consent: Consent,
  device: Device,
  freshen: Freshen,
  onward: Onward,
  'sign-out': SignOut,
  error: ErrorPage,
  'dev-mail': DevMail,
};

export { renderAdmin } from './admin/render.ts';

export const renderPage: RenderPage = (view, frame) => {
  const { texts, ...pageFrame } = frame;
  const props = { view, frame: pageFrame, texts: pageTexts<PageName>(view, texts) };
  // Each page takes its own view; the table says which, and TypeScript cannot follow it through the lookup.
  const page = PAGES[view.page] as Component<PageProps>;
  return htmlDocument({
    language: frame.language,
    title: titleOf(view, texts, frame.host),
    assetBase: frame.assetBase,
    body: render(page, { props }).body,
    style,
    script: scripts[view.page],
    data: props,
    indexed: view.page === 'landing',
  });
};

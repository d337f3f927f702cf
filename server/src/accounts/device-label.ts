import Bowser from 'bowser';

/** "Firefox on Windows", from a user-agent header; unknown ones say so. Only for people to read, never for a decision. */
export function deviceLabel(userAgent: string): string {
  if (userAgent === '') return 'Unknown device';
  const { browser, os } = Bowser.parse(userAgent.slice(0, 400));
  const parts = [browser.name ?? 'Unknown browser', os.name].filter((part) => part !== undefined && part !== '');
  return parts.join(' on ');
}

/** "Firefox", whatever its version: it changes when somebody changes browsers, not when a browser changes. Anybody can claim any. */
export function browserFamily(userAgent: string): string {
  const { name } = userAgent === '' ? {} : Bowser.parse(userAgent.slice(0, 400)).browser;
  return (name ?? 'unknown').slice(0, 40);
}

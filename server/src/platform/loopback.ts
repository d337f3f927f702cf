/** Whether a host name can only mean this machine (RFC 6761 6.3: every name under `localhost` does). As in URLs, IPv6 stands in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

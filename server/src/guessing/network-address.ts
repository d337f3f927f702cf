import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** One spelling per address: mapped IPv4 becomes IPv4, IPv6 is compressed. What cannot be read is kept apart under its own name. */
export function canonicalAddress(text: string): string {
  if (isIPv4(text)) return text;
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : 'unknown';
}

/** What counters are kept by: an IPv4 address, or an IPv6 /64, because one customer owns all 2^64 addresses of it. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const parts = (parsed as ipaddr.IPv6).parts.slice(0, 4);
  return `${parts.map((part) => part.toString(16)).join(':')}::/64`;
}

/** The neighbourhood of an address: an IPv4 /24 or an IPv6 /48. Who moves within it has usually not moved at all. */
export function widerNetworkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return `${parsed.toString().split('.').slice(0, 3).join('.')}.0/24`;
  const parts = (parsed as ipaddr.IPv6).parts.slice(0, 3);
  return `${parts.map((part) => part.toString(16)).join(':')}::/48`;
}

/** What counters are kept by, from what somebody typed: an address, or a network in our own spelling. Null for neither. */
export function parseNetwork(text: string): string | null {
  // What a proxy wrote that nobody could read has one bucket of its own.
  if (text === 'unknown') return text;
  const address = text.includes(':') ? text.replace(/\/64$/, '') : text;
  return isIPv4(address) || (isIPv6(address) && !address.includes('%')) ? networkOf(address) : null;
}

/** One address that somebody typed, in our own spelling. Null for what is none. */
export function parseAddress(text: string): string | null {
  // What a proxy wrote that nobody could read is kept under this name.
  if (text === 'unknown') return text;
  return isIPv4(text) || (isIPv6(text) && !text.includes('%')) ? canonicalAddress(text) : null;
}

/** A range of more addresses than this names no network that anybody could vouch for. */
const SHORTEST_PREFIX = { ipv4: 8, ipv6: 16 } as const;

/** One spelling per CIDR range; a single address is a range of one. Null for what is no range, or is too wide to be meant. */
export function parseRange(text: string): string | null {
  const [address = '', prefix, ...more] = text.split('/');
  if (more.length > 0 || !(isIPv4(address) || (isIPv6(address) && !address.includes('%')))) return null;
  if (prefix !== undefined && !/^\d{1,3}$/.test(prefix)) return null;
  const parsed = ipaddr.process(address);
  // A mapped address has the 128 bits of its spelling and the 32 of its meaning: which would the prefix count?
  if (prefix !== undefined && (parsed.kind() === 'ipv4') !== isIPv4(address)) return null;
  const bits = parsed.kind() === 'ipv4' ? 32 : 128;
  const length = prefix === undefined ? bits : Number(prefix);
  if (length > bits || length < SHORTEST_PREFIX[parsed.kind()]) return null;
  const range = `${parsed.toString()}/${length}`;
  const first = parsed.kind() === 'ipv4' ? ipaddr.IPv4.networkAddressFromCIDR(range) : ipaddr.IPv6.networkAddressFromCIDR(range);
  return `${first.toString()}/${length}`;
}

/** Whether an address lies in a range that `parseRange` has made. */
export function isInRange(address: string, range: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const [first, length] = ipaddr.parseCIDR(range);
  return parsed.kind() === first.kind() && parsed.match(first, length);
}

/** Enough to recognise one's own network, without the last part. */
export function maskAddress(address: string): string {
  if (!ipaddr.isValid(address)) return '';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return `${parsed.toString().split('.').slice(0, 3).join('.')}.x`;
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 3)
    .map((part) => part.toString(16))
    .join(':')}:…`;
}

export function isLoopbackAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
}

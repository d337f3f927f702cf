import { isIPv4 } from 'node:net';
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

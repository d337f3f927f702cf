import { ADDRESS_MAX, type AddressProblem } from '@portico/protocol/addresses';

/** What is wrong with an address, for the command line; the rules stand where pages have them too. */
export function addressSentence({ flaw, written }: AddressProblem): string {
  switch (flaw) {
    case 'address_long':
      return `must have at most ${ADDRESS_MAX} characters`;
    case 'address_characters':
      return 'must consist of visible ASCII characters';
    case 'address_fragment':
      return 'must have no fragment (#)';
    case 'address_wildcard':
      return 'must have no wildcard (*): register each address';
    case 'address_dots':
      return 'must have no dot segments (..)';
    case 'address_relative':
      return 'must be an absolute address such as https://app.example.com/callback';
    case 'address_respelled':
      return `must be written as browsers write it: ${written}`;
    case 'address_scheme':
      return 'must begin with https://, or with http:// on this machine';
    case 'address_native_scheme':
      return 'must begin with https://, with http:// on this machine, or with a scheme of your own that has a dot, such as com.example.game:/cb';
    case 'address_credentials':
      return 'must not have a name or a password before the host';
    case 'address_plain':
      return 'must use https: http is for this machine only (localhost, 127.0.0.1, [::1])';
    case 'address_origin':
      return 'must be an origin such as https://app.example.com, without a path';
  }
}

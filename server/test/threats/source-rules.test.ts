import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, type SourceFile, sourceFiles } from './source.ts';

/** Attacks that are closed by what does not stand in the source. Each rule is first shown a line that breaks it. */

const SERVER = sourceFiles('server/src', 'protocol/src');
const PAGES = sourceFiles('ui/src');

interface Rule {
  readonly name: string;
  readonly files: readonly SourceFile[];
  readonly pattern: RegExp;
  readonly broken: string;
  /** File -> what may stand there, and nowhere else. */
  readonly except?: Readonly<Record<string, RegExp>>;
}

const RULES: readonly Rule[] = [
  {
    name: 'no text becomes code: eval, new Function and timers with text do not occur',
    files: [...PAGES, ...SERVER],
    pattern: /\beval\s*\(|\bnew Function\b|\bFunction\s*\(|set(?:Timeout|Interval)\s*\(\s*['"`]|from 'node:vm'|javascript:/,
    broken: 'setTimeout("alert(1)", 1)',
  },
  {
    name: 'no secret comes from Math.random or from a UUID: chance that anybody may guess is for pauses only',
    files: [...PAGES, ...SERVER],
    pattern: /Math\.random|randomUUID|\buuid\b/i,
    broken: 'const token = Math.random().toString(36);',
    except: {
      'server/src/platform/sqlite-writer.ts': /await sleep\(.*Math\.random/,
      'server/src/platform/sqlite.ts': /await sleep\(.*Math\.random/,
      'server/src/platform/postgres.ts': /await sleep\(Math\.random/,
    },
  },
  {
    name: 'no pattern is built from what somebody typed: only the paths of our own routes become one at run time',
    files: [...PAGES, ...SERVER],
    pattern: /new RegExp\((?!\/)/,
    broken: 'new RegExp(query)',
    except: {
      'server/src/http/server.ts': /const pattern = new RegExp\(`\^\$\{url\.replace/,
      // Of two constants.
      'server/src/oauth/user-code.ts': /^const FORM = new RegExp\(`\^\[\$\{LETTERS\}\]\{\$\{LENGTH\}\}\$`\);$/,
    },
  },
  {
    name: 'nothing but SHA-256, AES-256-GCM and P-256 stands in a call of node:crypto',
    files: SERVER,
    pattern:
      /\b(?:createHash|createHmac|hkdfSync|sign|verify|createSign|createVerify|createCipheriv|createDecipheriv|generateKeyPairSync|pbkdf2Sync|scryptSync)\(\s*'(?!sha256'|aes-256-gcm'|ec', \{ namedCurve: 'P-256' \})|\bhash\(\s*'(?!sha256'|a password that nobody has')|publicEncrypt|RSA_PKCS1|\bmd5\b|\bsha1\b/i,
    broken: "createHash('md5')",
  },
  {
    name: 'the server opens connections to a database, to a mail server and, by two bounded functions, to providers and to registered sites',
    files: SERVER,
    pattern:
      /\bfetch\s*\(|from '(?:node:)?(?:https?|net|tls|dgram|http2|dns)(?:\/promises)?'|from '(?:pg|undici|ioredis|redis|axios)'|import\('nodemailer'\)|\bWebSocket\b/,
    broken: "await fetch('https://evil.example')",
    except: {
      'server/src/platform/postgres.ts': /import pg from 'pg'/,
      'server/src/platform/postgres-bulk.ts': /import pg from 'pg'/,
      'server/src/platform/postgres-connection.ts': /import pg from 'pg'/,
      'server/src/platform/postgres-notices.ts': /import pg from 'pg'/,
      'server/src/platform/network.ts': /await fetch\(url/,
      'server/src/platform/outgoing.ts': /^import .* from 'node:(?:dns|https?|net)'/,
      'server/src/platform/mail.ts': /import\('nodemailer'\)/,
      // For `portico doctor` alone: names, pages of our own, and a mail server that is asked without a letter.
      'server/src/platform/names.ts': /^import .* from 'node:(?:dns|dns\/promises|net)'/,
      'server/src/platform/visit.ts': /^import .* from 'node:(?:https?|tls)'/,
      'server/src/platform/mail-trial.ts': /import\('nodemailer'\)/,
      'server/src/cli/health.ts': /import \{ isIPv4, isIPv6 \} from 'node:net'/,
      'server/src/platform/slow-clients.ts': /^import type /,
      'server/src/cli/close-server.ts': /import (?:type \{ Server \} from 'node:http'|\{ Server as NetServer \} from 'node:net')/,
      'server/src/guessing/network-address.ts': /import \{ isIPv4, isIPv6 \} from 'node:net'/,
    },
  },
  {
    name: 'the audit log is written and read; an entry is touched by its seal, by its end, and by its user’s beginning and end, and by nothing else',
    files: SERVER,
    pattern: /(?:update|delete from|truncate|drop table)\s+events\b/i,
    broken: 'delete from events where user_id = $1',
    except: {
      'server/src/audit/event.ts':
        /where session_id = \$1 and user_id is null|set address = '', user_agent = '', reason = null, before_json = null, after_json = null, salt = null$|set seal = \$1 where seal is null and id in|delete from events where seal >= \$1 and seal <= \$2'/,
    },
  },
  {
    name: 'a message between tabs stays on our origin: window.postMessage and message listeners on the window do not occur',
    files: PAGES,
    pattern: /(?:window|parent|opener|top|self)\.postMessage|addEventListener\(\s*['"]message['"]|\bonmessage\b/,
    broken: "parent.postMessage(token, '*')",
    // A BroadcastChannel: only pages of our own origin hear and speak there.
    except: { 'ui/src/browser-world.ts': /channel\?\.addEventListener/ },
  },
  {
    name: 'no page keeps anything in local or session storage',
    files: PAGES,
    pattern: /\b(?:local|session)Storage\b/,
    broken: "localStorage.setItem('token', token)",
    // The link that makes an owner, in one tab and until it is used there, while its holder signs in.
    except: { 'ui/src/setup-token.ts': /sessionStorage\.(?:setItem|getItem|removeItem)\(KEPT/ },
  },
];

for (const { name, files, pattern, broken, except = {} } of RULES) {
  test(name, () => {
    assert.match(broken, pattern, 'the rule finds what it forbids');
    assert.ok(files.length > 20);
    const found = files.flatMap((file) => {
      const allowed = except[file.path];
      return codeOf(file)
        .split('\n')

        .filter((line) => pattern.test(line) && allowed?.test(line) !== true)
        .map((line) => `${file.path}: ${(pattern.exec(line)?.[0] ?? '').trim().slice(0, 120)}`);
    });
    assert.deepEqual(found, []);
  });
}

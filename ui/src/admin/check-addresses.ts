import { type AddressProblem, findOriginProblem, findRedirectProblem, findWebProblem } from '@portico/protocol/addresses';
import { fill } from '@portico/protocol/texts';

/** Tells what is wrong with an address while it is typed, by the very rules that decide when it is sent. */

type Check = (kind: string, address: string) => AddressProblem | null;
const CHECKS: Readonly<Record<string, Check>> = {
  redirect: findRedirectProblem,
  web: (_, address) => findWebProblem(address),
  origin: (_, address) => findOriginProblem(address),
};
/** Milliseconds without a key: who is in the middle of an address is not interrupted. */
const PAUSE = 400;

export function checkAddresses(): void {
  for (const field of document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('[data-check]')) watch(field);
}

function watch(field: HTMLInputElement | HTMLTextAreaElement): void {
  const check = CHECKS[field.dataset['check'] ?? ''];
  if (check === undefined) return;
  const words = JSON.parse(field.dataset['words'] ?? '{}') as Readonly<Record<string, string>>;
  const said = document.createElement('p');
  said.setAttribute('role', 'status');
  field.after(said);
  let timer: ReturnType<typeof setTimeout> | undefined;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(say, PAUSE);
  });

  const say = () => {
    const addresses = field.value
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const problems = addresses.flatMap((address) => {
      const problem = check(field.dataset['kind'] ?? '', address);
      if (problem === null) return [];
      const about = problem.written === null ? address : `${address} → ${problem.written}`;
      return [fill(words['aboutEntry'] ?? '', { about, problem: words[problem.flaw] ?? problem.flaw })];
    });
    // What the server said of an earlier text is not true of this one.
    field.parentElement?.querySelector(`#${field.id}-problem`)?.remove();
    if (problems.length > 0) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
    said.className = problems.length > 0 ? 'problem' : 'hint';
    said.textContent = problems.length > 0 ? problems.join('\n') : addresses.length > 0 ? (words['good'] ?? '') : '';
  };
}

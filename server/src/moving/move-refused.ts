/** Why a database is not moved, in a sentence for its operator. What was begun has been taken back. */
export class MoveRefused extends Error {
  /** Unless it is not known: the commit was sent and nobody answered. */
  readonly isOpen: boolean;

  constructor(sentence: string, { cause, isOpen = false }: { readonly cause?: unknown; readonly isOpen?: boolean } = {}) {
    super(sentence, { cause });
    this.name = 'MoveRefused';
    this.isOpen = isOpen;
  }
}

/** Why a command cannot do its work, in a sentence for its operator. */
export class StartProblem extends Error {
  constructor(sentence: string, cause: unknown) {
    super(sentence, { cause });
    this.name = 'StartProblem';
  }
}

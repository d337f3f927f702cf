/** What both databases do for the floor. */
export interface Families {
  readonly durability: string;
  /** The user of the family, if `current` was its newest token; `next` is its newest token then. */
  rotate(id: string, current: string, next: string, now: number): Promise<string | null>;
  insert(families: readonly { id: string; userId: string; current: string }[], expiresAt: number): Promise<void>;
}

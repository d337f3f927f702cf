export interface SettingItem {
  /** As it is written in the environment. */
  readonly name: string;
  /** Passwords in addresses are masked; null: a secret. */
  readonly value: string | null;
  readonly secret: boolean;
  readonly isSet: boolean;
  /** `default`, `environment`, `generated`, or `file` and the name that names the file. */
  readonly source: 'default' | 'environment' | 'generated' | `file ${string}` | `credential ${string}`;
  readonly sentence: string;
  /** What stands when nothing is given. */
  readonly standard: string;
  /** How it is written. */
  readonly form: string;
}

/** What the screen “Settings” shows. */
export interface SettingsContent {
  readonly items: readonly SettingItem[];
}

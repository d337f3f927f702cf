/** The text of a picture's file (Vite's `?raw`). */
declare module '*.svg?raw' {
  const text: string;
  export default text;
}

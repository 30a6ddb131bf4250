// Until Clerk has loaded, its cookie says whether somebody is probably signed in: it is then set,
// and not 0. It only decides what is shown until then. The prerendered page does not know the
// cookie, so it contains both versions. A class that is set before the first paint hides one: see
// look/base.css.
const MARK = `if (/(^|; )__client_uat(_[\\w-]+)?=[1-9]/.test(document.cookie)) {
  document.documentElement.classList.add("expects-user");
}`;
const HINTS = { "loading-nobody": "if-nobody", "loading-somebody": "if-somebody" };

export function Expectation() {
  return <script dangerouslySetInnerHTML={{ __html: MARK }} />;
}

// Returns the class for what is shown in one of these phases, else undefined.
export const expected = (phases) => HINTS[phases.find((phase) => phase in HINTS)];

// Until Clerk has loaded, its cookie says whether to expect somebody: it is set, and not to 0, while
// somebody is signed in. It decides nothing but what is drawn meanwhile. The prerendered page knows
// no cookie, so it holds both and a class, set before the first paint, hides one: see look.css.
const MARK = `if (/(^|; )__client_uat(_[\\w-]+)?=[1-9]/.test(document.cookie)) {
  document.documentElement.classList.add("expects-user");
}`;
const HINTS = { "loading-nobody": "if-nobody", "loading-somebody": "if-somebody" };

export function Expectation() {
  return <script dangerouslySetInnerHTML={{ __html: MARK }} />;
}

// The class for what is shown in one of these phases, undefined for what is not.
export const expected = (phases) => HINTS[phases.find((phase) => phase in HINTS)];

// Notes, in milliseconds since the epoch, when a button or a link was last pressed, when Clerk had
// answered, when the token was painted, when the server had accepted the session, and when all five
// panels were painted. Runs before the page's own scripts; a press is kept for the document that it
// leads to.
(() => {
  const PANELS = ["figures", "traffic", "latency", "routes", "recent"];
  const opened = performance.timeOrigin;
  const now = () => opened + performance.now();
  const pressed = () => +sessionStorage.getItem("pressed");
  const marks = { opened, get pressed() { return pressed(); } };
  window.benchmarkMarks = marks;
  document.addEventListener("click", () => sessionStorage.setItem("pressed", now()), true);
  // A task after the frame's callbacks comes when the frame has been drawn.
  const drawn = (note) => requestAnimationFrame(() => setTimeout(note));
  const noteToken = () => {
    const answers = performance.getEntriesByType("resource")
      .filter(({ name }) => name.includes("/__clerk/v1/client"))
      .map(({ responseEnd }) => opened + responseEnd);
    marks.token = now();
    marks.answered = Math.max(pressed(), ...answers.filter((end) => end <= marks.token));
  };
  const isFilled = (name) => document.querySelector(`#panel-${name}:not(:has(.skeleton))`);
  let hasToken = false;
  const observer = new MutationObserver(() => {
    const shown = document.getElementById("tinybird-token");
    if (!hasToken && shown && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(shown.textContent)) {
      hasToken = true;
      drawn(noteToken);
    }
    // The panels stand there, empty, from the moment the session is accepted.
    if (!document.getElementById("panel-figures")) return;
    marks.accepted ??= now();
    if (!PANELS.every(isFilled) || !document.querySelector("#panel-recent tbody tr")) return;
    observer.disconnect();
    drawn(() => { marks.panels = now(); });
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true });
})();
